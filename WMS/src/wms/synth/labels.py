"""Wrong but plausible masks: what a hurried annotator marks instead of the window."""

from __future__ import annotations

import numpy as np
from PIL import Image

from wms.synth.geometry import Points, area
from wms.synth.render import Photo, binary_mask
from wms.synth.rng import between, happens, pick

DECOY_SHARE = 0.7  # share of the wrong masks that mark another object
# Smaller than the smallest window in the field data is not plausible.
MIN_AREA_SHARE = 0.003


def wrong_mask(photo: Photo, rng: np.random.Generator) -> Image.Image:
    """A mask (mode L, 0 and 255) of a sub-dial or a number, or of the window moved or enlarged.

    It covers less than half of the union of itself and the true window, and is of plausible size.
    """
    size = photo.image.size
    decoys = [d for d in photo.decoys if _inside(d, size) and area(d) > MIN_AREA_SHARE * size[0] * size[1]]
    if decoys and happens(rng, DECOY_SHARE):
        return binary_mask(pick(rng, decoys), size)
    if happens(rng, 0.6):
        return binary_mask(_slipped(photo.window, size, rng), size)
    return binary_mask(_grown(photo.window, rng), size)


def _slipped(window: Points, size: tuple[int, int], rng: np.random.Generator) -> Points:
    """The window moved up or down the dial, to the side where the image has room."""
    down = (window[3] - window[0]) * between(rng, 0.9, 1.5)
    along = (window[1] - window[0]) * between(rng, -0.25, 0.25)
    ways = [window + along + down, window + along - down]
    inside = [way for way in ways if _inside(way, size)]
    return pick(rng, inside or ways)


def _grown(window: Points, rng: np.random.Generator) -> Points:
    """The window enlarged about its centre, more in height than in width."""
    centre = window.mean(axis=0)
    along, down = (window[1] - window[0]) / 2, (window[3] - window[0]) / 2
    wide, high = between(rng, 1.1, 1.3), between(rng, 2.2, 3.2)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array([centre + x * wide * along + y * high * down for x, y in corners])


def _inside(polygon: Points, size: tuple[int, int]) -> bool:
    return bool((polygon >= 0).all() and (polygon <= size).all())
