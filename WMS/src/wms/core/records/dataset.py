"""The records of the dataset: samples, the manifest, a merge's plan, validation's findings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, NonNegativeInt, PositiveInt, ValidationError, model_validator

from wms.core.errors import RecordError
from wms.core.names import name_problem, stem_key
from wms.core.records.base import Frozen, GitSha, Record, Sha256, Stored, canonical_json, sha256_hex

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A part of a whole, in 0..1."""


def _allowed(name: str) -> str:
    problem = name_problem(name)
    if problem is not None:
        raise ValueError(f"the file name {problem}")
    return name


FileName = Annotated[str, AfterValidator(_allowed)]
"""A plain file name without a path that is valid on every file system."""


class SampleFacts(Frozen):
    """The measurements of one image and its mask.

    `width_px` and `height_px` are those of the upright image, after `orientation` (EXIF, 1..8) is
    applied. `foreground_share` is the share of mask pixels above 127. `phash` is a perceptual hash
    of 256 bits in hexadecimal; images whose hashes differ in few bits look alike.
    """

    stem: str
    image: FileName
    mask: FileName
    image_sha256: Sha256
    mask_sha256: Sha256
    width_px: PositiveInt
    height_px: PositiveInt
    orientation: Annotated[int, Field(ge=1, le=8)]
    foreground_share: Share
    phash: str


class Sample(SampleFacts):
    """One line of the manifest: the facts of a sample, and its split.

    `group` joins near-duplicates, which always share a split. `added_by` names the branch that
    brought it. `former_phashes` are the hashes of replaced images: models were trained or tested on them, so
    similar images still belong to this split.
    """

    group: str
    split: Split
    added_by: str
    former_phashes: tuple[str, ...] = ()

    @property
    def looks(self) -> tuple[str, ...]:
        """The perceptual hashes of this sample, present and former."""
        return (self.phash, *self.former_phashes)


class DatasetManifest(Stored):
    """All samples of the dataset, sorted by stem; one JSON line each in `manifest.jsonl`."""

    samples: tuple[Sample, ...] = ()

    @model_validator(mode="after")
    def _sorted_and_unique(self) -> Self:
        stems = [sample.stem for sample in self.samples]
        if stems != sorted(stems):
            raise ValueError("samples must be sorted by stem")
        if len({stem_key(stem) for stem in stems}) != len(stems):
            raise ValueError("two samples share a stem (upper and lower case count as the same)")
        return self

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Self:
        """A manifest of `samples`, sorted here."""
        return cls(samples=tuple(sorted(samples, key=lambda sample: sample.stem)))

    def to_jsonl(self) -> bytes:
        """The bytes it was read from; for a new manifest one compact JSON object on each line.

        Keys and lines are sorted, so that a diff shows samples.
        """
        if self.stored is not None:
            return self.stored
        lines = (json.dumps(s.model_dump(), sort_keys=True, ensure_ascii=False) for s in self.samples)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def from_jsonl(cls, data: bytes, *, source: str) -> Self:
        """Parse a manifest; `source` is named in the error.

        Raises:
            RecordError: a line is not a sample, or the lines are not sorted or not unique.
        """
        samples = []
        for number, line in enumerate(data.splitlines(), start=1):
            try:
                samples.append(Sample.model_validate_json(line))
            except ValidationError as error:
                raise RecordError(
                    f"{source} line {number} is not a sample: {error.errors()[0]['msg']}"
                ) from error
        try:
            return cls(samples=tuple(samples))._keep(data)
        except ValidationError as error:
            raise RecordError(f"{source}: {error.errors()[0]['msg']}") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest file."""
        return sha256_hex(self.to_jsonl())

    def of_split(self, split: Split) -> tuple[Sample, ...]:
        """The samples of one split, by stem."""
        return tuple(sample for sample in self.samples if sample.split == split)

    def split_digest(self, split: Split) -> str:
        """SHA-256 over the stems and bytes of one split: equal only if the images are equal."""
        return samples_digest(self.of_split(split))


def samples_digest(samples: Iterable[SampleFacts]) -> str:
    """SHA-256 over stems, image and mask digests, in the order of the stems."""
    rows = sorted([s.stem, s.image_sha256, s.mask_sha256] for s in samples)
    return sha256_hex(canonical_json(rows))


class BranchHead(Frozen):
    """A data branch and the commit that the run took its pairs from."""

    name: str
    sha: GitSha

    @property
    def folder(self) -> str:
        """Its folder below a run's incoming folder, so that every finding shows the branch of a file."""
        return f"{self.name}@{self.sha[:8]}"


class IncomingPair(Frozen):
    """One pair of a push, with its names in the dataset.

    `image_source` and `mask_source` are paths below the incoming folder. `action` is `add` for a
    new stem, `replace` for a sample of the same stem, `rename` for a pair with a new stem because its own was
    taken.
    """

    stem: str
    image: str
    mask: str
    image_source: str
    mask_source: str
    image_sha256: Sha256
    mask_sha256: Sha256
    branch: str
    action: Literal["add", "replace", "rename"] = "add"


class PresentPair(Frozen):
    """An incoming pair whose bytes are already in the dataset (or earlier in the push) as `same_as`."""

    stem: str
    image_source: str
    same_as: str
    branch: str


class Conflict(Frozen):
    """An incoming pair with other bytes and a stem that `taken_by` already has."""

    stem: str
    image_source: str
    mask_source: str
    branch: str
    taken_by: str


class MergePlan(Record):
    """What incoming branches would change in the dataset of `base_sha`.

    `superseded` are pairs of an earlier branch that a later branch replaced by `--on-conflict replace`.
    `leftover` are incoming files (paths below the incoming folder) that form no pair: without a partner, in a
    wrong folder, or no regular file. Validation reports each of them. In a run, every incoming path starts
    with its branch's `folder`.
    """

    base_sha: GitSha
    base_manifest_sha256: Sha256
    branches: tuple[BranchHead, ...]
    pairs: tuple[IncomingPair, ...] = ()
    present: tuple[PresentPair, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    superseded: tuple[Conflict, ...] = ()
    leftover: tuple[str, ...] = ()

    def part_of(self, branch: str) -> MergePlan:
        """The part of the plan for one branch; a conflict of two branches is in both parts."""
        return self.model_copy(
            update={
                "pairs": tuple(pair for pair in self.pairs if pair.branch == branch),
                "present": tuple(pair for pair in self.present if pair.branch == branch),
                "conflicts": tuple(item for item in self.conflicts if branch in (item.branch, item.taken_by)),
            }
        )


Severity = Literal["error", "warning"]


class Finding(Frozen):
    """One finding of validation: the file, the rule, and what to do."""

    rule: str
    severity: Severity
    file: str
    message: str
    remedy: str
    stem: str | None = None

    @property
    def order(self) -> tuple[Severity, str, str]:
        """What lists of findings are sorted by: errors first."""
        return self.severity, self.rule, self.file


class ValidationReport(Record):
    """All findings of one validation.

    `facts` are the pairs without an error, which may enter the dataset. `quarantined` names the stems (or,
    without a stem, the files) that `--quarantine` set aside; without that option errors block the run.
    """

    checked_pairs: NonNegativeInt
    findings: tuple[Finding, ...] = ()
    facts: tuple[SampleFacts, ...] = ()
    quarantined: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that block."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def blocked(self) -> bool:
        """Whether errors remain that were not set aside."""
        aside = set(self.quarantined)
        return any((finding.stem or finding.file) not in aside for finding in self.errors)

    def part_of(self, folder: str, *, pairs: int) -> ValidationReport:
        """The report on one branch's files, those below its folder; `pairs` of them were checked."""
        own = tuple(finding for finding in self.findings if finding.file.startswith(f"{folder}/"))
        return self.model_copy(update={"findings": own, "checked_pairs": pairs})
