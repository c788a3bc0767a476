"""Pairs of the size and weight of field photographs, made where no folder is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 1000, 1333
"""The usual size of a field photograph, in pixels."""


def make_pairs(folder: Path, count: int) -> Path:
    """Write `count` pairs about as large on disk, and as slow to decode, as field photographs.

    Each is one of a few noisy pictures with a patch of its own, so that no two files are equal.
    """
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    chance = np.random.default_rng(0)
    grain = chance.normal(0, 6, (HEIGHT, WIDTH, 3))
    for number in range(count):
        blocks = chance.integers(0, 256, (20, 15, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(blocks).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
        picture.save(folder / "images" / f"{number:05d}.jpg", quality=90)
        top, left = int(chance.integers(100, HEIGHT - 200)), int(chance.integers(50, WIDTH - 450))
        mask = Image.new("L", (WIDTH, HEIGHT))
        mask.paste(255, (left, top, left + 400, top + 70 + number % 30))
        mask.save(folder / "masks" / f"{number:05d}.jpg", quality=95)
    return folder
