"""A photograph of a meter with its exact mask, from one seed and one number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from PIL import Image

from wms.synth import photo
from wms.synth.background import draw_background, draw_cable, roughen
from wms.synth.canvas import Canvas, coverage
from wms.synth.casing import draw_casing, outline
from wms.synth.face import draw_face, face_homography
from wms.synth.geometry import Camera, Points, area, circle, rotation
from wms.synth.marks import decoys
from wms.synth.meter import Meter, draw_meter
from wms.synth.rng import between, happens, pick

SIZES: tuple[tuple[int, int], ...] = ((480, 480), (480, 640), (450, 600), (480, 600), (640, 480), (600, 450))

# Register windows cover 0.3-9 % of the field's photographs, 1.9 % in the median.
MEDIAN_SHARE = 0.02
SHARE_SPREAD = 0.55  # standard deviation of the share's logarithm
SHARE_LIMITS = (0.0035, 0.085)

MARGIN_PX = 6.0  # the window keeps at least this far from the image's edge
FACE_OVERSIZE = 1.1  # pixels of the flat face to one of the image, so that warping loses nothing
MIN_FACE_PX = 160


class Purpose(IntEnum):
    """What random numbers of an image are for. The values are part of the seed: never reuse one."""

    METER = 0
    SCENE = 1
    STORAGE = 2
    LABEL = 3


@dataclass(frozen=True, kw_only=True)
class Photo:
    """An upright photograph (RGB) and the outlines in it, in pixels with pixel centres at halves.

    `window` is the register window, (4, 2). `decoys` are other things that look somewhat like it.
    """

    image: Image.Image
    meter: Meter
    window: Points
    decoys: tuple[Points, ...]

    def mask(self) -> Image.Image:
        """The register window as mode L of the image's size: 255 inside, 0 outside, nothing between."""
        return binary_mask(self.window, self.image.size)


def binary_mask(polygon: Points, size: tuple[int, int]) -> Image.Image:
    """A convex polygon as mode L of `size` (width, height): 255 where a pixel's centre is inside, else 0.

    Computed edge by edge: ImageDraw's polygons also include the pixels that their outline touches.
    """
    columns = np.arange(size[0])[None, :] + 0.5
    rows = np.arange(size[1])[:, None] + 0.5
    inside = np.ones((size[1], size[0]), dtype=bool)
    # Corners are clockwise in the image, so the inside is to the right of each edge.
    for (x, y), (next_x, next_y) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside &= (next_x - x) * (rows - y) >= (next_y - y) * (columns - x)
    return Image.fromarray(inside.astype(np.uint8) * 255)


def generator(seed: int, index: int, purpose: Purpose) -> np.random.Generator:
    """The random generator of one image for one purpose; purposes are independent."""
    return np.random.default_rng(np.random.SeedSequence((seed, index), spawn_key=(purpose,)))


def meter_of(seed: int, index: int, *, invented: bool = False) -> Meter:
    """The meter of image `index`, without drawing it."""
    return draw_meter(generator(seed, index, Purpose.METER), invented=invented)


def render(seed: int, index: int, *, invented: bool = False) -> Photo:
    """Image `index` of the series `seed` (both at least 0); it does not depend on other images.

    `invented`: the meter is of an invented make, see `synth/invention.py`.
    """
    meter = meter_of(seed, index, invented=invented)
    return photograph(meter, generator(seed, index, Purpose.SCENE))


def photograph(meter: Meter, rng: np.random.Generator) -> Photo:
    """A photograph of a given meter; the same `rng` state takes it from the same place."""
    size = pick(rng, SIZES)
    camera = _stand(meter, size, rng)
    canvas = draw_background(size, rng)
    photo.throw_shadow(canvas, outline(camera), rng)
    draw_casing(canvas, meter, camera, rng)
    image = roughen(canvas.finish(), rng)
    _mount_face(image, meter, camera, rng)
    if happens(rng, 0.12):
        image = _in_front(image, rng)
    image = photo.reflect(image, camera, rng)
    return Photo(
        image=photo.expose(image, camera.centre_px, rng),
        meter=meter,
        window=camera.project(meter.window),
        decoys=tuple(camera.project(decoy) for decoy in decoys(meter)),
    )


def _stand(meter: Meter, size: tuple[int, int], rng: np.random.Generator) -> Camera:
    """A camera position: the window has a share as in the field data and is completely in the image."""
    share = float(np.clip(MEDIAN_SHARE * np.exp(rng.normal(0, SHARE_SPREAD)), *SHARE_LIMITS))
    turned = happens(rng, 0.22)
    roll = rng.normal(0, 0.16) + (pick(rng, (-1, 1)) * np.pi / 2 if turned else 0)
    tilt, turn = np.clip(rng.normal(0, 0.22, 2), -0.6, 0.6)
    orientation = rotation(float(roll), float(tilt), float(turn))
    distance = between(rng, 3.5, 7.0)
    unit = Camera(rotation=orientation, distance=distance, focal_px=1.0, centre_px=(0.0, 0.0))
    corners = unit.project(meter.window)
    # Lengths grow with the focal length, the window's area with its square.
    focal = float(np.sqrt(share * size[0] * size[1] / area(corners)))
    room = np.array(size) - 2 * MARGIN_PX
    focal = min(focal, float((room / np.ptp(corners, axis=0)).min()))
    wanted = np.array(size) * (0.5 + rng.normal(0, 0.09, 2))
    low = MARGIN_PX - corners.min(axis=0) * focal
    high = np.array(size) - MARGIN_PX - corners.max(axis=0) * focal
    x, y = np.clip(wanted, low, high)
    return Camera(rotation=orientation, distance=distance, focal_px=focal, centre_px=(float(x), float(y)))


def _mount_face(image: Image.Image, meter: Meter, camera: Camera, rng: np.random.Generator) -> None:
    """Draw the face flat and warp it into its place in `image`."""
    rim = camera.project(circle(0, 0, 1.0))
    face_px = max(MIN_FACE_PX, round(float(np.ptp(rim, axis=0).max()) * FACE_OVERSIZE))
    face = draw_face(meter, face_px, rng)
    low = np.maximum(np.floor(rim.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(rim.max(axis=0)), image.size).astype(int)
    part_size = (int(high[0] - low[0]), int(high[1] - low[1]))
    shift = np.array([[1, 0, low[0]], [0, 1, low[1]], [0, 0, 1]])
    to_face = np.linalg.inv(camera.homography() @ face_homography(face_px)) @ shift
    coefficients = (to_face / to_face[2, 2]).ravel()[:8].tolist()
    warped = face.transform(
        part_size, Image.Transform.PERSPECTIVE, coefficients, resample=Image.Resampling.BILINEAR
    )
    image.paste(warped, (int(low[0]), int(low[1])), coverage(rim - low, part_size))


def _in_front(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A cable or wire in front of the meter."""
    canvas = Canvas(image.size, (0, 0, 0))
    canvas.image.paste(image.resize(canvas.image.size, Image.Resampling.BILINEAR))
    draw_cable(canvas, image.size, rng)
    return canvas.finish()
