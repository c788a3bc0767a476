"""Folders of pairs: photographs and masks as a push would bring them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PIL import Image

from wms.core.errors import Code, InputError
from wms.core.files import write_bytes
from wms.core.progress import Progress, Silent
from wms.synth.picture import Picture, Purpose, generator, meter_of, render
from wms.synth.storage import draw_encoding, encode_mask, encode_photo

IMAGES = "images"
MASKS = "masks"
SILENT = Silent()


def stem_of(seed: int, index: int, *, invented: bool = False) -> str:
    """`meter_<seed>_<index>_value_<digits before the point>_<digits after it, or 0>`."""
    reading = meter_of(seed, index, invented=invented).reading
    return f"meter_{seed}_{index:04d}_value_{int(reading.integer)}_{reading.decimal or '0'}"


def write_pairs(
    out: Path,
    *,
    count: int,
    seed: int,
    start: int = 0,
    difficulty: float = 1.0,
    invented: bool = False,
    progress: Progress = SILENT,
) -> int:
    """Write images `start` to `start + count - 1` of a series: `images/<stem>.jpg`, `masks/<stem>.*`.

    An image depends only on `seed`, its number and `difficulty`. Images may be stored rotated, with
    an EXIF orientation; masks fit the upright image and are PNG or JPEG. Writing the same images
    again is fine.

    Args:
        out: folder to write to; made if missing.
        count: how many pairs.
        seed: of the series, at least 0.
        start: number of the first image, at least 0, so that a later push can bring others.
        difficulty: 0 is a clean drawing, 1 is like the field's photographs, 2 is about the worst.
        invented: whether the meters are of invented makes (`synth/invention.py`).
        progress: told about each pair.

    Returns:
        How many pairs were written.

    Raises:
        InputError: images/ or masks/ holds files that are not of these pairs.
        StorageError: a file cannot be written.
    """
    return write_series(
        out,
        range(start, start + count),
        seed,
        difficulty,
        progress,
        lambda picture, _: picture.mask(),
        invented=invented,
    )


def write_series(
    out: Path,
    numbers: range,
    seed: int,
    difficulty: float,
    progress: Progress,
    mask_of: Callable[[Picture, int], Image.Image],
    *,
    invented: bool = False,
) -> int:
    """Write the images of `numbers`, each with the mask (mode L) that `mask_of` makes; like `write_pairs`."""
    stems = {index: stem_of(seed, index, invented=invented) for index in numbers}
    _refuse_other_files(out, stems.values())
    for index, stem in progress.track(stems.items(), label="rendering", total=len(stems)):
        picture = render(seed, index, difficulty=difficulty, invented=invented)
        encoding = draw_encoding(generator(seed, index, Purpose.STORAGE))
        write_bytes(out / IMAGES / f"{stem}.jpg", encode_photo(picture.image, encoding))
        mask = encode_mask(mask_of(picture, index), encoding)
        write_bytes(out / MASKS / f"{stem}{encoding.mask_suffix}", mask)
    return len(stems)


def _refuse_other_files(out: Path, own_stems: Iterable[str]) -> None:
    own = set(own_stems)
    for folder in (out / IMAGES, out / MASKS):
        others = sorted(path.name for path in folder.glob("*") if path.stem not in own)
        if others:
            raise InputError(
                f"{folder} holds other files ({len(others)}), for example {others[0]!r}", Code.OCCUPIED_FOLDER
            )
