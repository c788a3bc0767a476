"""What a labelling tool says of a photograph: labelled regions, and how they become masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

T = TypeVar("T")
Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
"""Corners, Nx2: x to the right and y down, in pixels from the image's upper left corner."""

Size = tuple[int, int]
"""Width and height in pixels."""

Rule = Literal["even-odd", "non-zero"]
"""Which parts of a polygon that crosses itself are inside (W3C SVG 2, section 13.4.2)."""

_CIRCLE_CORNERS = 360
_EDGE_PX = 1.0
"""A corner so far outside of an image is a matter of rounding; further, something is cut off."""


NOT_AS_WRITTEN = (KeyError, TypeError, ValueError, AttributeError, IndexError)
"""What a reader meets where an export is not as its tool writes it."""


class FormError(ValueError):
    """A part of an export that cannot be understood; the message says which and why."""


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A polygon, filled by the rule of its tool; further rings are holes or further parts by the same rule.

    `relative`: the corners are shares of width and height instead of pixels.
    """

    rings: tuple[Points, ...]
    rule: Rule
    relative: bool = False

    def paint(self, size: Size) -> tuple[Mask, tuple[str, ...]]:
        """The mask, bool, HxW, and what was unusual about the polygon."""
        limits = np.array(size)
        rings = [ring * (limits if self.relative else 1.0) for ring in self.rings]
        corners = np.concatenate(rings)
        # Only the box around the polygon is filled: a window is a small part of a large photograph.
        left, top = np.clip(np.floor(corners.min(axis=0)), 0, limits).astype(int)
        right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, limits).astype(int)
        counts = winding_numbers([ring - (left, top) for ring in rings], (right - left, bottom - top))
        odd, wound = counts % 2 == 1, counts != 0
        mask = np.zeros((size[1], size[0]), dtype=np.bool_)
        mask[top:bottom, left:right] = odd if self.rule == "even-odd" else wound
        notes = []
        if (corners < -_EDGE_PX).any() or (corners > limits + _EDGE_PX).any():
            notes.append("cut at the image's edge")
        if len(rings) == 1 and not np.array_equal(odd, wound):
            notes.append(f"crosses itself; filled by the {self.rule} rule, as its tool does")
        return mask, tuple(notes)


@dataclass(frozen=True, kw_only=True)
class Bitmap:
    """A mask that is stored as pixels, placed at `left`, `top` in the image; outside there is no window."""

    load: Callable[[], Mask]
    left: int = 0
    top: int = 0

    def paint(self, size: Size) -> tuple[Mask, tuple[str, ...]]:
        """The mask, bool, HxW, and what was unusual about it."""
        part = self.load()
        mask = np.zeros((size[1], size[0]), dtype=np.bool_)
        top, left = max(self.top, 0), max(self.left, 0)
        place = mask[top:, left:]
        inside = part[top - self.top :, left - self.left :][: place.shape[0], : place.shape[1]]
        place[: inside.shape[0], : inside.shape[1]] = inside
        return mask, (("cut at the image's edge",) if inside.shape != part.shape else ())


@dataclass(frozen=True, kw_only=True)
class Region:
    """One labelled region."""

    label: str
    shape: Outline | Bitmap


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What one entry of an export says of one photograph.

    `name` is the photograph as the export names it, `told_in` the file that says so. `size` is the size at
    which the tool saw the photograph, `None` if the export does not say. `photograph` is its file, if the
    form itself settles that, and `embedded` loads its bytes, if the export has them. `notes` say what was not
    used, `problem` why the drawing cannot be used. `turn` is the EXIF orientation (1..8) of a mask file.
    """

    name: str
    told_in: Path
    regions: tuple[Region, ...] = ()
    size: Size | None = None
    photograph: Path | None = None
    embedded: Callable[[], bytes] | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""
    turn: int = 1


def winding_numbers(rings: Sequence[Points], size: Size) -> NDArray[np.int32]:
    """How often rings run around the centre of each pixel, HxW.

    A pixel belongs to a polygon if its centre does. Each edge counts where it crosses a row of centres, +1
    downwards and -1 upwards, for every centre to its right.
    """
    width, height = size
    turns = np.zeros((height, width + 1), dtype=np.int32)
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
            first, last = (np.clip(np.ceil(y - 0.5), 0, height).astype(int) for y in sorted((y0, y1)))
            rows = np.arange(first, last)
            if len(rows):
                crossings = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
                columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(int)
                np.add.at(turns, (rows, columns), 1 if y1 > y0 else -1)
    return np.cumsum(turns, axis=1, dtype=np.int32)[:, :width]


def corners(values: ArrayLike) -> Points:
    """Corners from pairs, or from a flat list `x y x y …`.

    Raises:
        FormError: fewer than three, or not pairs of finite numbers.
    """
    try:
        points = np.asarray(values, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise FormError("a polygon whose corners are not pairs of numbers") from error
    if len(points) < 3 or not np.isfinite(points).all():
        raise FormError("a polygon with fewer than three corners")
    return points


def box(left: float, top: float, right: float, bottom: float, *, degrees: float = 0.0) -> Points:
    """The corners of a rectangle that is turned clockwise around its centre."""
    points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)
    return turned(points, ((left + right) / 2, (top + bottom) / 2), degrees)


def ellipse(x: float, y: float, radius_x: float, radius_y: float, *, degrees: float = 0.0) -> Points:
    """An ellipse around `x`, `y` as a polygon, turned clockwise; a circle has equal radii."""
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_CORNERS, endpoint=False)
    points = np.stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)], axis=1)
    return turned(points, (x, y), degrees)


def turned(points: Points, centre: tuple[float, float], degrees: float) -> Points:
    """Points turned clockwise around a centre, as seen on the image."""
    angle = np.deg2rad(degrees)
    spin = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return np.asarray((points - centre) @ spin + centre)


def runs(counts: Sequence[int] | NDArray[np.int64], size: Size) -> Mask:
    """A mask from the lengths of its runs, row by row, beginning with background.

    Raises:
        FormError: the runs do not add up to the size.
    """
    lengths = np.asarray(counts, dtype=np.int64)
    if (lengths < 0).any() or lengths.sum() != size[0] * size[1]:
        raise FormError(f"a run-length mask of {lengths.sum()} pixels for {size[0]}x{size[1]}")
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(size[1], size[0])


def run_lengths(mask: Mask) -> list[int]:
    """The reverse of `runs`."""
    flat = np.concatenate([[False], mask.ravel(), [not mask.ravel()[-1]]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(length) for length in np.diff(np.concatenate([[0], edges]))]


def gathered(
    read: Callable[[T], Iterable[Region]], items: Iterable[T]
) -> tuple[tuple[Region, ...], tuple[str, ...]]:
    """The regions of all items, and why some items have none."""
    regions: list[Region] = []
    notes: dict[str, None] = {}
    for item in items:
        try:
            regions += read(item)
        except FormError as error:
            notes[f"not used: {error}"] = None
    return tuple(regions), tuple(notes)
