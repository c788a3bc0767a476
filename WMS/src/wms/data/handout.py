"""Photographs for the next round of labelling: with the windows that are drawn, or that a model finds."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from wms.core import extras
from wms.core.context import Context
from wms.core.errors import Code, ImageError, InputError, NothingToDoError, RepositoryError
from wms.core.files import replacing_folder
from wms.core.names import stem_of
from wms.core.ports import Repository
from wms.core.production import main_head, manifest_at
from wms.core.progress import Progress
from wms.core.records.base import Frozen
from wms.core.records.dataset import Split
from wms.core.records.promotion import POINTER_PATH
from wms.data.incoming import INCOMING_PATH, scan
from wms.imaging.files import read_image, read_mask
from wms.interchange.forms.table import WRITERS
from wms.interchange.outgoing import Labelled
from wms.interchange.photographs import prepare
from wms.interchange.regions import Mask
from wms.interchange.source import PHOTO_SUFFIXES
from wms.model.bundle import Predictor

Predict = Literal["missing", "all"]
"""Whose windows the model finds: of photographs without a mask, or of all."""


@dataclass(frozen=True, kw_only=True)
class Handed:
    """A photograph to hand out, and its mask if there is one."""

    photograph: Path
    mask: Path | None = None


class HandedOut(Frozen):
    """What was written: how many photographs, with how many windows, and what could not be used."""

    form: str
    out: Path
    photographs: int
    drawn: int
    predicted: int
    left_out: tuple[str, ...] = ()


@contextlib.contextmanager
def of_branch(repository: Repository, branch: str) -> Iterator[list[Handed]]:
    """The pairs of a data branch, and its photographs without a mask.

    Raises:
        RepositoryError: there is no such branch.
    """
    repository.fetch()
    if repository.head(branch) is None:
        raise RepositoryError(f"the remote has no branch {branch}", remedy="See `wms data status`.")
    with tempfile.TemporaryDirectory(prefix="wms-export-") as scratch:
        pairs = Path(scratch) / "pairs"
        repository.export(branch, INCOMING_PATH, pairs)
        yield of_folder(pairs)


@contextlib.contextmanager
def of_split(ctx: Context, split: Split) -> Iterator[list[Handed]]:
    """The samples of one split of main's dataset.

    Raises:
        NothingToDoError: it has none.
    """
    repository = ctx.ports.repository
    repository.fetch()
    head = main_head(repository)
    samples = manifest_at(repository, head).of_split(split)
    pointer = repository.read_file(head, POINTER_PATH)
    if not samples or pointer is None:
        raise NothingToDoError(f"main's dataset has no samples in {split}", remedy="See `wms data status`.")
    with tempfile.TemporaryDirectory(prefix="wms-export-") as scratch:
        dataset = Path(scratch) / "dataset"
        ctx.ports.data_store.fetch_dataset(pointer, dataset)
        yield [
            Handed(
                photograph=dataset / "images" / sample.image,
                mask=dataset / "masks" / sample.mask,
            )
            for sample in samples
        ]


def of_folder(folder: Path) -> list[Handed]:
    """The pairs of a folder and its photographs without a mask, or else the photographs in it.

    Raises:
        StorageError: it cannot be listed.
    """
    found = scan(folder, ".")
    handed = [
        Handed(photograph=folder / pair.image_source, mask=folder / pair.mask_source) for pair in found.pairs
    ]
    place = folder / "images" if (folder / "images").is_dir() else folder
    paired = {each.photograph for each in handed}
    alone = (path for path in sorted(place.iterdir()) if path.suffix.lower() in PHOTO_SUFFIXES)
    return handed + [Handed(photograph=path) for path in alone if path.is_file() and path not in paired]


def hand_out(
    handed: Sequence[Handed],
    out: Path,
    *,
    form: str,
    predictor: Predictor | None,
    predict: Predict | None,
    threshold: int,
    progress: Progress,
) -> HandedOut:
    """Write photographs and their windows for a labelling tool into a new folder.

    A photograph that cannot be read is left out and named; a mask that cannot be used is left out too, so
    that the window is drawn again.

    Args:
        handed: the photographs.
        out: a folder that does not exist, or is empty.
        form: one of `WRITERS`.
        predictor: the model, with `predict`.
        predict: whose windows the model finds.
        threshold: grey levels above it (0..255) are window.
        progress: told about each photograph.

    Raises:
        InputError: `out` is not empty, or packages of the extra `import` are missing.
        NothingToDoError: there are no photographs.
        StorageError: `out` cannot be written.
    """
    extras.require(extras.Extra.IMPORT)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not empty; nothing was written", Code.OCCUPIED_FOLDER)
    counts: Counter[str] = Counter()
    left_out: list[str] = []

    def mask_of(each: Handed, photograph: Path) -> Mask | None:
        mask = None
        if each.mask is not None and predict != "all":
            try:
                mask = read_mask(each.mask, threshold=threshold)
                if mask.shape != read_image(photograph).shape[:2]:
                    left_out.append(f"{each.mask.name}: a mask of another size")
                    mask = None
            except ImageError as error:
                left_out.append(f"{each.mask.name}: {error}")
        if mask is None and predictor is not None:
            mask = predictor.mask(read_image(photograph))
            counts["predicted"] += bool(mask.any())
        elif mask is not None:
            counts["drawn"] += bool(mask.any())
        return mask

    with replacing_folder(out) as fresh:
        images = fresh / "images"
        images.mkdir()

        def labelled() -> Iterator[Labelled]:
            for each in progress.track(handed, label="Exporting", total=len(handed)):
                try:
                    photograph = prepare(
                        each.photograph.read_bytes(), name=each.photograph.name, keep_gps=False
                    )
                except ImageError as error:
                    left_out.append(str(error))
                    continue
                target = images / f"{stem_of(each.photograph.name)}{photograph.suffix}"
                if target.exists():
                    left_out.append(f"{each.photograph.name}: another photograph has this name")
                    continue
                target.write_bytes(photograph.data)
                counts["photographs"] += 1
                yield Labelled(
                    file_name=target.name,
                    size=photograph.upright_size,
                    mask=partial(mask_of, each, target),
                    made_by="auto" if predict == "all" or each.mask is None else "manual",
                )

        WRITERS[form](labelled(), fresh)
        if not counts["photographs"]:
            raise NothingToDoError(
                "there are no photographs to export", remedy="Name a folder that has some."
            )
    return HandedOut(
        form=form,
        out=out,
        photographs=counts["photographs"],
        drawn=counts["drawn"],
        predicted=counts["predicted"],
        left_out=tuple(left_out),
    )
