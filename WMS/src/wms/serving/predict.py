"""Write masks, and overlays to look at, for files and folders of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from wms.core.cores import usable_cores
from wms.core.errors import ImageError, NothingToDoError, OccupiedFolderError
from wms.core.files import replacing
from wms.core.names import PICTURE_SUFFIXES
from wms.core.progress import Progress
from wms.core.records.base import Frozen
from wms.data.rules import RULES
from wms.imaging.files import read_image
from wms.model.bundle import load_bundle

OVERLAY_RGB = (255, 196, 0)
"""Colour of the marked window in overlays: far from the greys and browns of meters."""


class Predicted(Frozen):
    """The masks that were written, and why other pictures have none, one sentence and remedy each."""

    masks: tuple[Path, ...]
    refused: tuple[str, ...]

    def require_all(self) -> None:
        """End with an error if a picture has no mask.

        Raises:
            ImageError: names every such picture.
        """
        if self.refused:
            listed = "\n".join(f"  {line}" for line in self.refused)
            raise ImageError(
                f"{len(self.refused)} of {len(self.refused) + len(self.masks)} pictures cannot be used; "
                f"{len(self.masks)} masks were written:\n{listed}",
                remedy="Mend those pictures, or leave them out.",
            )


def predict_pictures(
    images: Sequence[Path], *, bundle: Path, out: Path, overlays: Path | None, progress: Progress
) -> Predicted:
    """Write `out/<stem>.png`, uint8 0 and 255, at each picture's upright size.

    A file that is no picture is passed over, and named in the answer: one bad file of a folder does not
    keep the others from their masks.

    Args:
        images: picture files, or folders whose pictures are taken (not their subfolders').
        bundle: the model.
        out: folder of the masks; made if missing.
        overlays: folder of pictures with the window tinted, or none.
        progress: told one step a picture.

    Raises:
        NothingToDoError: there are no pictures.
        OccupiedFolderError: a file would be overwritten, or two pictures would share a mask.
    """
    pictures = _pictures(images)
    _refuse_overwriting(pictures, out, overlays)
    predictor = load_bundle(bundle, threads=usable_cores())
    masks, refused = [], []
    for path in progress.track(pictures, label="predict", total=len(pictures)):
        try:
            picture = read_image(path)
        except ImageError as error:
            own = error.remedy if error.remedy != ImageError.remedy else RULES[error.rule].remedy
            refused.append(f"{error}. {own}")
            continue
        mask = predictor.mask(picture)
        masks.append(out / f"{path.stem}.png")
        _save(Image.fromarray(mask.astype(np.uint8) * 255), masks[-1])
        if overlays is not None:
            tinted = picture.copy()
            tinted[mask] = (tinted[mask] * 0.5 + np.array(OVERLAY_RGB) * 0.5).astype(np.uint8)
            _save(Image.fromarray(tinted), overlays / f"{path.stem}.png")
    return Predicted(masks=tuple(masks), refused=tuple(refused))


def _refuse_overwriting(pictures: Sequence[Path], out: Path, overlays: Path | None) -> None:
    """Masks must not take the place of photographs, nor overlays that of masks."""
    folders = [folder.resolve() for folder in (out, overlays) if folder is not None]
    targets = {folder / f"{path.stem}.png" for folder in folders for path in pictures}
    lost = [path for path in pictures if path.resolve() in targets]
    if lost or len(set(folders)) != len(folders):
        what = f"{lost[0]} would be overwritten" if lost else "masks and overlays would overwrite each other"
        raise OccupiedFolderError(f"{what}; nothing was written", remedy="Choose other folders.")


def _save(image: Image.Image, path: Path) -> None:
    with replacing(path) as temporary:
        image.save(temporary, format="PNG")


def _pictures(images: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in images:
        if path.is_dir():
            inside = (item for item in sorted(path.iterdir()) if item.suffix.lower() in PICTURE_SUFFIXES)
            found.extend(item for item in inside if item.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise ImageError(f"{path} is neither a file nor a folder")
    if not found:
        raise NothingToDoError(
            "no pictures there", remedy="Name JPEG or PNG files, or folders that hold some."
        )
    by_stem: dict[str, Path] = {}
    for path in found:
        other = by_stem.setdefault(path.stem, path)
        if other != path:
            raise OccupiedFolderError(
                f"{other} and {path} would both be written as {path.stem}.png",
                remedy="Predict them into different folders.",
            )
    return list(by_stem.values())
