"""The dial as it would be scanned: flat, square on, under its glass."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from wms.synth.canvas import Canvas
from wms.synth.colour import shade
from wms.synth.geometry import Matrix, circle
from wms.synth.marks import draw_mark, draw_scale_ring, draw_unit
from wms.synth.meter import Meter
from wms.synth.noise import clouds, grey
from wms.synth.register import draw_register
from wms.synth.rng import between, happens

SOFT = 4  # soft light is computed at one part in this many of the width
YELLOWED = (1.0, 0.93, 0.72)  # what old plastic lets through of red, green and blue


def draw_face(meter: Meter, size_px: int, rng: np.random.Generator) -> Image.Image:
    """The dial of radius 1 in a square of `size_px` (RGB); the corners outside it are filled too."""
    half = size_px / 2
    canvas = Canvas((size_px, size_px), meter.face, unit_px=half, origin_px=(half, half))
    if meter.style.header:
        arc = circle(0, 0, 1.05)
        canvas.polygon(arc[arc[:, 1] < -0.36], meter.accent)
    if meter.style.scale_ring:
        draw_scale_ring(canvas, meter, rng)
    elif happens(rng, 0.6):
        canvas.path(circle(0, 0, 0.955, 40), meter.style.ink, 0.012, closed=True)
    for mark in meter.style.marks:
        draw_mark(canvas, meter, mark, rng)
    draw_unit(canvas, meter)
    draw_register(canvas, meter, rng)
    return _soil(canvas.finish(), rng)


def face_homography(size_px: int) -> Matrix:
    """From pixels of the drawn face to dial units."""
    scale = 2 / size_px
    return np.array([[scale, 0, -1], [0, scale, -1], [0, 0, 1.0]])


def _soil(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Rim shadow, yellowing, haze, dirt and scratches."""
    part = (image.width // SOFT, image.height // SOFT)
    axis = np.linspace(-1, 1, part[0], dtype=np.float32)
    offset_x, offset_y = rng.normal(0, 0.06, 2)
    radius = np.hypot(axis[None, :] - offset_x, axis[:, None] - offset_y)
    light = 1 - between(rng, 0.15, 0.55) * np.clip((radius - 0.82) / 0.18, 0, 1) ** 1.5
    film = clouds(rng, part, octaves=(2, 4, 8))
    age = between(rng, 0, 0.35)
    if happens(rng, 0.35):
        age += 0.25
    light = (light * (1 - 0.25 * age * film)).astype(np.float32)
    tints = [1 - (1 - yellow) * min(age, 1.0) for yellow in YELLOWED]
    planes = [grey(light * np.float32(255 * tint)).resize(image.size) for tint in tints]
    soiled = ImageChops.multiply(image, Image.merge("RGB", planes))
    if happens(rng, 0.3):
        haze = np.clip(between(rng, 0.1, 0.5) + 0.5 * (film - 0.5), 0, 0.65)
        soiled.paste((175, 175, 172), (0, 0), grey(haze * np.float32(255)).resize(image.size))
    if happens(rng, 0.3):
        half = (image.width // 2, image.height // 2)
        specks = clouds(rng, half, octaves=(20, 50, 100))
        dirt = (specks - np.float32(between(rng, 0.58, 0.7))) * np.float32(1400)
        soiled.paste((84, 70, 50), (0, 0), grey(np.minimum(dirt, 200)).resize(image.size))
    if happens(rng, 0.25):
        _scratch(soiled, rng)
    return soiled


def _scratch(image: Image.Image, rng: np.random.Generator) -> None:
    scratches = Canvas(image.size, (0, 0, 0), unit_px=image.width)
    for _ in range(int(rng.integers(2, 8))):
        start = rng.random(2)
        scratches.path(np.stack([start, start + rng.normal(0, 0.2, 2)]), shade((255, 255, 255), 0.5), 0.003)
    strength = scratches.finish().convert("L")
    image.paste((225, 225, 220), (0, 0), strength)
