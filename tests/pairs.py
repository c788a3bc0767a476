"""Small pairs on disk, for tests of merging and validating; each image's look depends on its seed."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageChops

from wms.core.settings import load_data_settings

SETTINGS = load_data_settings(Path(__file__).parents[1])
"""The project's own `WMS/configs/data.yaml`."""

SIZE = (160, 120)
"""Width and height in pixels of an upright image, unless told otherwise."""


def picture(seed: int, *, size: tuple[int, int] = SIZE) -> Image.Image:
    """Smooth random colours: two seeds look nothing alike."""
    blocks = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC)


def mask(*, size: tuple[int, int] = SIZE, share: float = 0.03) -> Image.Image:
    """Black, with a white window in the middle that covers about `share` of it."""
    width, height = size
    side = (share * width * height) ** 0.5
    rows, columns = np.mgrid[:height, :width]
    inside = (abs(rows - height / 2) < side / 2) & (abs(columns - width / 2) < side / 2)
    return Image.fromarray(np.where(inside, 255, 0).astype(np.uint8))


def save(image: Image.Image, path: Path, *, orientation: int | None = None) -> Path:
    """Write an image or mask, with an EXIF orientation if one is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    image.save(path, exif=exif)
    return path


def write_pair(folder: Path, stem: str, *, seed: int, share: float = 0.03) -> None:
    """Write an ordinary pair, a JPEG and a PNG, below `folder`; each seed's window lies elsewhere."""
    save(picture(seed), folder / "images" / f"{stem}.jpg")
    save(ImageChops.offset(mask(share=share), seed), folder / "masks" / f"{stem}.png")


def repeated_scans(image: Image.Image, number: int, *, progressive: bool) -> bytes:
    """A JPEG with more scans of its first channel, all without data, which the decoder takes."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", progressive=progressive)
    first_to_last = 0 if progressive else 63
    scan = struct.pack(">HHBBBBBB", 0xFFDA, 8, 1, 1, 0, 0, first_to_last, 0x10 if progressive else 0)
    return buffer.getvalue()[:-2] + scan * number + b"\xff\xd9"


def deep_png(side_px: int) -> bytes:
    """A black PNG of 16 bits a channel and three channels, which Pillow cannot write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 16, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(side_px * (1 + 6 * side_px)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
