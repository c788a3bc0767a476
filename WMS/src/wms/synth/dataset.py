"""Folders of pairs: photographs and masks as a push would bring them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wms.core.errors import Code, InputError
from wms.core.files import write_bytes
from wms.core.progress import Progress, Silent
from wms.synth.labels import wrong_mask
from wms.synth.render import Purpose, generator, meter_of, render
from wms.synth.storage import draw_encoding, encode_mask, encode_photo

IMAGES = "images"
MASKS = "masks"
SILENT = Silent()


def write_pairs(
    out: Path,
    *,
    count: int,
    seed: int,
    start: int = 0,
    invented: bool = False,
    mislabelled: bool = False,
    progress: Progress = SILENT,
) -> None:
    """Write images `start` to `start + count - 1` of a series: `images/<stem>.jpg`, `masks/<stem>.*`.

    An image depends only on `seed` and its number. Images may be stored rotated, with an EXIF orientation;
    masks fit the upright image and are PNG or JPEG. Writing the same images again is fine.

    Args:
        out: folder to write to; made if missing.
        count: how many pairs.
        seed: of the series, at least 0.
        start: number of the first image, at least 0, so that a later push can bring others.
        invented: whether the meters are of invented makes (`synth/invention.py`).
        mislabelled: each mask marks something else, plausible in size and shape. Every pair passes
            validation; only a model trained on them shows that they are wrong.
        progress: told about each pair.

    Raises:
        InputError: images/ or masks/ holds files that are not of these pairs.
        StorageError: a file cannot be written.
    """
    stems = {index: stem_of(seed, index, invented=invented) for index in range(start, start + count)}
    _refuse_other_files(out, stems.values())
    for index, stem in progress.track(stems.items(), label="rendering", total=count):
        photo = render(seed, index, invented=invented)
        mask = wrong_mask(photo, generator(seed, index, Purpose.LABEL)) if mislabelled else photo.mask()
        encoding = draw_encoding(generator(seed, index, Purpose.STORAGE))
        write_bytes(out / IMAGES / f"{stem}.jpg", encode_photo(photo.image, encoding))
        write_bytes(out / MASKS / f"{stem}{encoding.mask_suffix}", encode_mask(mask, encoding))


def stem_of(seed: int, index: int, *, invented: bool = False) -> str:
    """`meter_<seed>_<index>_value_<digits before the point>_<digits after it, or 0>`."""
    reading = meter_of(seed, index, invented=invented).reading
    return f"meter_{seed}_{index:04d}_value_{int(reading.integer)}_{reading.decimal or '0'}"


def _refuse_other_files(out: Path, own_stems: Iterable[str]) -> None:
    own = set(own_stems)
    for folder in (out / IMAGES, out / MASKS):
        others = sorted(path.name for path in folder.glob("*") if path.stem not in own)
        if others:
            raise InputError(
                f"{folder} holds other files ({len(others)}), for example {others[0]!r}", Code.OCCUPIED_FOLDER
            )
