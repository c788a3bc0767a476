"""Points and projections: from dial units to pixels of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Points of a plane, (N, 2), x before y."""

Matrix = NDArray[np.float64]
"""A 3x3 matrix."""


def rectangle(x: float, y: float, width: float, height: float) -> Points:
    """Corners of an upright rectangle centred at (x, y), clockwise from top left, (4, 2)."""
    half = np.array([width, height]) / 2
    return np.asarray(np.array([x, y]) + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]))


def circle(x: float, y: float, radius: float, count: int = 72) -> Points:
    """`count` points around a circle, (count, 2)."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.array([x, y]) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def area(polygon: Points) -> float:
    """Area of a polygon by the shoelace formula, in squares of its unit."""
    x, y = polygon.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def transform(matrix: Matrix, points: Points) -> Points:
    """Points mapped by a homography, (N, 2)."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def rotation(roll: float, tilt: float, turn: float) -> Matrix:
    """Rotation by `roll` in the image's plane, after `tilt` about x and `turn` about y; radians."""
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    return np.asarray(about_x @ about_y @ about_z)


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A pinhole camera that looks at the dial's centre from `distance` dial radii.

    The dial lies in the plane z = 0 and z grows away from the camera; `rotation` takes dial
    coordinates to camera axes. `focal_px` and the image point `centre_px` of the dial's centre are in
    pixels, with pixel centres at halves.
    """

    rotation: Matrix
    distance: float
    focal_px: float
    centre_px: tuple[float, float]

    def homography(self, depth: float = 0.0) -> Matrix:
        """From (x, y) of the plane z = `depth`, in dial units, to pixels."""
        towards = np.array([0.0, 0.0, self.distance])
        plane = np.column_stack(
            [self.rotation[:, 0], self.rotation[:, 1], self.rotation[:, 2] * depth + towards]
        )
        lens = np.array(
            [[self.focal_px, 0, self.centre_px[0]], [0, self.focal_px, self.centre_px[1]], [0, 0, 1]]
        )
        return np.asarray(lens @ plane)

    def project(self, points: Points, depth: float = 0.0) -> Points:
        """Points of the plane z = `depth` in pixels, (N, 2)."""
        return transform(self.homography(depth), points)
