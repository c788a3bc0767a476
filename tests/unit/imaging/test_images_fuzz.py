"""Damaged files, each read in four ways, end in an image or an `ImageError`; any other exception fails.

The file that did it is left in the test's temporary folder.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from pairs import SETTINGS, mask, picture
from wms.core.errors import ImageError
from wms.data.inspection.measure import measure_image, measure_mask
from wms.imaging.files import read_image, read_mask

SIZE = (80, 64)
MOST_CHANGES = 7
HEADER_BYTES = 300
"""More than half of the files are damaged in their first bytes, where most of the meaning is."""


def exif() -> Image.Exif:
    block = Image.Exif()
    block[ExifTags.Base.Orientation] = 6
    block[ExifTags.Base.Make] = "maker"
    return block


KINDS: dict[str, Callable[[io.BytesIO], None]] = {
    "jpeg": lambda out: picture(1, size=SIZE).save(out, "JPEG", exif=exif()),
    "progressive jpeg": lambda out: picture(1, size=SIZE).save(out, "JPEG", progressive=True, exif=exif()),
    "grey jpeg": lambda out: mask(size=SIZE).save(out, "JPEG"),
    "mpo": lambda out: picture(1, size=SIZE).save(
        out, "MPO", save_all=True, append_images=[picture(2, size=SIZE)]
    ),
    "png": lambda out: picture(1, size=SIZE).save(out, "PNG", exif=exif()),
    "palette png": lambda out: picture(1, size=SIZE).convert("P").save(out, "PNG", transparency=3),
    "1 bit png": lambda out: mask(size=SIZE).convert("1").save(out, "PNG"),
}


def damaged(whole: bytes, chance: np.random.Generator) -> bytes:
    data = bytearray(whole)
    reach = min(len(data), HEADER_BYTES) if chance.random() < 0.6 else len(data)
    for place in chance.integers(reach, size=chance.integers(1, MOST_CHANGES + 1)):
        data[place] = chance.integers(256)
    return bytes(data)


def outcomes(path: Path) -> list[str]:
    """What each reader made of a file: `read`, or the rule that refused it."""
    policy = SETTINGS.validation
    readers: list[Callable[[], object]] = [
        lambda: read_image(path),
        lambda: read_mask(path, threshold=policy.mask_threshold),
        lambda: measure_image(path, policy=policy),
        lambda: measure_mask(path, policy=policy),
    ]
    found = []
    for reader in readers:
        try:
            reader()
        except ImageError as refusal:
            found.append(refusal.rule)
        else:
            found.append("read")
    return found


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("count", [40, pytest.param(3000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kind", KINDS)
def test_random_damage_ends_in_an_image_or_an_image_error(tmp_path: Path, kind: str, count: int) -> None:
    buffer = io.BytesIO()
    KINDS[kind](buffer)
    chance = np.random.default_rng([20261123, *kind.encode()])
    path, seen = tmp_path / "damaged", Counter[str]()
    for _ in range(count):
        path.write_bytes(damaged(buffer.getvalue(), chance))
        seen.update(outcomes(path))
    assert seen["read"] > 0
    assert seen.total() - seen["read"] > 0
