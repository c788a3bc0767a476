"""Small pairs on disk, for tests of merging and validating; each image's look depends on its seed."""

from __future__ import annotations

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
