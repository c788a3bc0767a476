"""Write masks, and overlays to look at, for image files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from wms.core.cores import usable_cores
from wms.core.errors import Code, ImageError, InputError, NothingToDoError
from wms.core.files import replacing
from wms.core.names import IMAGE_SUFFIXES
from wms.core.progress import Progress
from wms.core.records.base import Frozen
from wms.core.words import counted
from wms.data.rules import remedy_for
from wms.imaging.files import read_image
from wms.model.bundle import load_bundle

OVERLAY_RGB = (255, 196, 0)
"""Colour of the window in overlays: meters are grey and brown."""


class Predicted(Frozen):
    """The masks that were written, and for each refused image the reason and the remedy."""

    masks: tuple[Path, ...]
    refused: tuple[str, ...]

    def require_all(self) -> None:
        """Check that every image has a mask.

        Raises:
            ImageError: lists every image without one.
        """
        if self.refused:
            listed = "\n".join(f"  {line}" for line in self.refused)
            images = counted(len(self.refused) + len(self.masks), "image")
            raise ImageError(
                f"{len(self.refused)} of {images} cannot be used "
                f"(masks written: {len(self.masks)}):\n{listed}",
                remedy="Replace those images, or leave them out.",
            )


def predict_images(
    images: Sequence[Path], *, bundle: Path, out: Path, overlays: Path | None, progress: Progress
) -> Predicted:
    """Write `out/<stem>.png`, uint8 0 and 255, at each image's upright size.

    A file that is not an image is skipped and listed in the answer.

    Args:
        images: image files, or folders of images (without subfolders).
        bundle: the model.
        out: folder of the masks; made if missing.
        overlays: folder for images with the window tinted, or none.
        progress: told about each image.

    Raises:
        NothingToDoError: there are no images.
        InputError: a file would be overwritten, or two images would share a mask.
    """
    files = _image_files(images)
    _refuse_overwriting(files, out, overlays)
    predictor = load_bundle(bundle)

    def predict(path: Path) -> Path | str:
        """The mask that was written, or why there is none."""
        try:
            image = read_image(path)
        except ImageError as error:
            return f"{error}. {remedy_for(error)}"
        mask = predictor.mask(image)
        target = out / f"{path.stem}.png"
        _save(Image.fromarray(mask.astype(np.uint8) * 255), target)
        if overlays is not None:
            tinted = image.copy()
            tinted[mask] = (tinted[mask] * 0.5 + np.array(OVERLAY_RGB) * 0.5).astype(np.uint8)
            _save(Image.fromarray(tinted), overlays / f"{path.stem}.png")
        return target

    # Decoding, inference and encoding all release the interpreter's lock, so threads are enough.
    with ThreadPoolExecutor(usable_cores()) as pool:
        done = list(progress.track(pool.map(predict, files), label="predict", total=len(files)))
    return Predicted(
        masks=tuple(each for each in done if isinstance(each, Path)),
        refused=tuple(each for each in done if isinstance(each, str)),
    )


def _refuse_overwriting(files: Sequence[Path], out: Path, overlays: Path | None) -> None:
    """Masks must not overwrite photographs, nor overlays masks."""
    folders = [folder.resolve() for folder in (out, overlays) if folder is not None]
    targets = {folder / f"{path.stem}.png" for folder in folders for path in files}
    lost = [path for path in files if path.resolve() in targets]
    if lost or len(set(folders)) != len(folders):
        what = f"{lost[0]} would be overwritten" if lost else "masks and overlays would overwrite each other"
        raise InputError(f"{what}; nothing was written", Code.OCCUPIED_FOLDER, remedy="Choose other folders.")


def _save(image: Image.Image, path: Path) -> None:
    with replacing(path) as temporary:
        # The fastest level: a mask is hardly larger by it, and encoding would take longer than the network.
        image.save(temporary, format="PNG", compress_level=1)


def _image_files(images: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in images:
        if path.is_dir():
            inside = (item for item in sorted(path.iterdir()) if item.suffix.lower() in IMAGE_SUFFIXES)
            found.extend(item for item in inside if item.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise ImageError(f"{path} is neither a file nor a folder")
    if not found:
        raise NothingToDoError("no images found", remedy="Name JPEG or PNG files, or folders that hold some.")
    by_stem: dict[str, Path] = {}
    for path in found:
        other = by_stem.setdefault(path.stem, path)
        if other != path:
            raise InputError(
                f"{other} and {path} would both be written as {path.stem}.png",
                Code.OCCUPIED_FOLDER,
                remedy="Write their masks to different folders.",
            )
    return list(by_stem.values())
