"""Plan what incoming branches would change in the dataset. Nothing is written and no image is decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from wms.core.errors import NothingToDoError
from wms.core.files import sha256_file
from wms.core.names import stem_key
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import (
    BranchHead,
    Conflict,
    DatasetManifest,
    IncomingPair,
    MergePlan,
    PresentPair,
)
from wms.core.records.run import OnConflict
from wms.data.incoming import FILL_FOLDER, FoundPair, scan
from wms.interchange.advice import refuse_other_forms

Part = TypeVar("Part", PresentPair, Conflict)

NO_COMMIT = "0" * 40
"""Git's own null object name: the plan of a plain folder comes from no commit."""


def plan_merge(
    *,
    incoming: Path,
    sources: Mapping[str, BranchHead],
    manifest: DatasetManifest,
    base_sha: str,
    on_conflict: OnConflict,
) -> MergePlan:
    """Compare branches' pairs with the dataset, by content, one branch after the other.

    A pair whose image and mask are both in the dataset (or earlier in the push), under any name, is
    `present`. A pair with a free name is added. A pair whose name is taken by other bytes is a conflict,
    unless `on_conflict` is `replace` (it takes the place; of two branches the later wins) or `rename` (it
    gets a name made from its content, which does not depend on the order of branches).

    `sources` are the branches, by the folder below `incoming` with their `images/` and `masks/`.

    Raises:
        StorageError: a folder cannot be listed.
    """
    planner = _Planner(manifest, on_conflict)
    unpaired: list[str] = []
    for folder, branch in sources.items():
        found = scan(incoming, folder)
        unpaired.extend(found.unpaired)
        pairs = []
        for pair in found.pairs:
            try:
                pairs.append(_incoming(pair, branch.name, incoming))
            except OSError:
                unpaired.extend((pair.image_source, pair.mask_source))
        planner.take(pairs)
    return MergePlan(
        base_sha=base_sha,
        base_manifest_sha256=manifest.digest,
        branches=tuple(sources.values()),
        pairs=tuple(sorted(planner.pairs.values(), key=lambda pair: pair.stem)),
        present=tuple(planner.present),
        conflicts=tuple(planner.conflicts),
        superseded=tuple(planner.superseded),
        leftover=tuple(sorted(unpaired)),
    )


def plan_folder(folder: Path, *, manifest: DatasetManifest) -> MergePlan:
    """The plan for any folder with `images/` and `masks/`, without Git; conflicts are listed.

    Raises:
        InputError: it has no pairs, but something that another command takes.
        NothingToDoError: there is no file in either.
    """
    plan = plan_merge(
        incoming=folder,
        sources={".": BranchHead(name=folder.resolve().name, sha=NO_COMMIT)},
        manifest=manifest,
        base_sha=NO_COMMIT,
        on_conflict="refuse",
    )
    if not (plan.pairs or plan.present or plan.conflicts):
        refuse_other_forms(folder)
        if plan.leftover:
            return plan
        raise NothingToDoError(f"{folder} holds no files in images/ or masks/", remedy=FILL_FOLDER)
    return plan


@dataclass(frozen=True, kw_only=True)
class _Holder:
    """Who has a name, as things stand: a sample of the dataset or a pair of this push."""

    stem: str
    digests: tuple[str, str]
    known_as: str


class _Planner:
    """Collects the plan, pair by pair; `holders` is the dataset as it would be, by name."""

    def __init__(self, manifest: DatasetManifest, on_conflict: OnConflict) -> None:
        self.on_conflict = on_conflict
        self.in_dataset = frozenset(sample.stem for sample in manifest.samples)
        self.holders = {
            stem_key(sample.stem): _Holder(
                stem=sample.stem,
                digests=(sample.image_sha256, sample.mask_sha256),
                known_as="the dataset",
            )
            for sample in manifest.samples
        }
        self.pairs: dict[str, IncomingPair] = {}
        self.present: list[PresentPair] = []
        self.conflicts: list[Conflict] = []
        self.superseded: list[Conflict] = []

    def take(self, pairs: Sequence[IncomingPair]) -> None:
        """Plan one branch's pairs.

        Pairs with a taken name come first: one that replaces a sample frees that sample's content, which
        another pair of the same push may bring back under a new name.
        """
        by_content = {holder.digests: holder.stem for holder in self.holders.values()}
        for pair in sorted(pairs, key=lambda pair: stem_key(pair.stem) not in self.holders):
            content, holder = _content(pair), self.holders.get(stem_key(pair.stem))
            if content in by_content:
                self.present.append(_about(PresentPair, pair, same_as=by_content[content]))
            elif holder is None:
                by_content[content] = self._place(pair, pair.stem, "add")
            elif self.on_conflict == "rename":
                by_content[content] = self._place(pair, self._free_stem(pair), "rename")
            elif self.on_conflict == "replace":
                by_content.pop(holder.digests, None)
                by_content[content] = self._replace(pair, holder)
            else:
                self.conflicts.append(_about(Conflict, pair, taken_by=holder.known_as))

    def _place(self, pair: IncomingPair, stem: str, action: Literal["add", "replace", "rename"]) -> str:
        self.holders[stem_key(stem)] = _Holder(stem=stem, digests=_content(pair), known_as=pair.branch)
        names = {part: stem + PurePosixPath(getattr(pair, part)).suffix for part in ("image", "mask")}
        self.pairs[stem] = pair.model_copy(update={"stem": stem, "action": action, **names})
        return stem

    def _replace(self, pair: IncomingPair, holder: _Holder) -> str:
        """Take the holder's place, spelled as the holder spells it."""
        earlier = self.pairs.get(holder.stem)
        if earlier is not None:
            self.superseded.append(_about(Conflict, earlier, taken_by=pair.branch))
        return self._place(pair, holder.stem, "replace" if holder.stem in self.in_dataset else "add")

    def _free_stem(self, pair: IncomingPair) -> str:
        """A name that depends only on the content: the same pair gets it in any order of pushes."""
        digest = sha256_hex("".join(_content(pair)).encode())
        candidates = (f"{pair.stem}-{digest[:length]}" for length in range(8, len(digest) + 1))
        return next(stem for stem in candidates if stem_key(stem) not in self.holders)


def _incoming(pair: FoundPair, branch: str, incoming: Path) -> IncomingPair:
    return IncomingPair(
        stem=pair.stem,
        image=pair.stem + PurePosixPath(pair.image_source).suffix.lower(),
        mask=pair.stem + PurePosixPath(pair.mask_source).suffix.lower(),
        image_source=pair.image_source,
        mask_source=pair.mask_source,
        image_sha256=sha256_file(incoming / pair.image_source),
        mask_sha256=sha256_file(incoming / pair.mask_source),
        branch=branch,
    )


def _content(pair: IncomingPair) -> tuple[str, str]:
    return pair.image_sha256, pair.mask_sha256


def _about(kind: type[Part], pair: IncomingPair, **more: str) -> Part:
    """A part of the plan with the fields that it shares with a pair."""
    return kind(**pair.model_dump(include=set(kind.model_fields)), **more)
