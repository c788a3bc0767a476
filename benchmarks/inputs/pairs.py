"""Pairs for measuring: made where no folder is given, or a folder's own, as many as are wanted."""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 1000, 1333
"""The usual size of a field photograph, in pixels."""


def make_pairs(folder: Path, count: int) -> Path:
    """Write `count` pairs about as large on disk, and as slow to decode, as field photographs.

    Each is one of a few noisy images with a patch of its own, so that no two files are equal.
    """
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rng = np.random.default_rng(0)
    grain = rng.normal(0, 6, (HEIGHT, WIDTH, 3))
    for number in range(count):
        blocks = rng.integers(0, 256, (20, 15, 3), dtype=np.uint8)
        smooth = np.asarray(Image.fromarray(blocks).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        picture = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8))
        picture.save(folder / "images" / f"{number:05d}.jpg", quality=90)
        top, left = int(rng.integers(100, HEIGHT - 200)), int(rng.integers(50, WIDTH - 450))
        mask = Image.new("L", (WIDTH, HEIGHT))
        mask.paste(255, (left, top, left + 400, top + 70 + number % 30))
        mask.save(folder / "masks" / f"{number:05d}.jpg", quality=95)
    return folder


def multiply(source: Path, to: Path, count: int) -> Path:
    """Write `count` pairs from the pairs of `source`; a copy has some bytes behind its end marker."""
    images = {path.stem: path for path in sorted((source / "images").iterdir())}
    masks = {path.stem: path for path in (source / "masks").iterdir()}
    for part in ("images", "masks"):
        (to / part).mkdir(parents=True)
    for number, stem in enumerate(islice(cycle(images), count)):
        for part, path in (("images", images[stem]), ("masks", masks[stem])):
            copy = to / part / f"{number:05d}{path.suffix}"
            copy.write_bytes(path.read_bytes() + f"copy {number}".encode())
    return to
