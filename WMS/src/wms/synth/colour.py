"""Colours as (red, green, blue), each 0..255."""

from __future__ import annotations

import numpy as np

RGB = tuple[int, int, int]


def mix(first: RGB, second: RGB, share: float) -> RGB:
    """`first` at share 0, `second` at share 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def shade(colour: RGB, factor: float) -> RGB:
    """The colour under less light (factor below 1) or more, cut off at white."""
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def vary(rng: np.random.Generator, colour: RGB, spread: int) -> RGB:
    """The colour with each part moved by at most `spread`."""
    moved = np.clip(np.asarray(colour) + rng.integers(-spread, spread + 1, 3), 0, 255)
    return int(moved[0]), int(moved[1]), int(moved[2])
