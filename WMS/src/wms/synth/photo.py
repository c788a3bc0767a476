"""The effects of light, lens and sensor."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from wms.synth.canvas import Canvas
from wms.synth.geometry import Camera, Points, circle, rectangle
from wms.synth.noise import Field, clouds, enlarge, grey
from wms.synth.rng import between, happens

COARSE = 8  # soft light is computed at one part in this many of the width
SOFT = 4  # reflections are sharper
MIDDLE_GREY = 118  # the level that a change of contrast leaves as it is
BLOTCHES = (0.6, -0.3, 0.7)  # how coarse colour noise falls on red, green and blue


def throw_shadow(canvas: Canvas, outline: Points, rng: np.random.Generator) -> None:
    """Darken what is drawn so far where the body's shadow falls; `outline` is the body's, in pixels."""
    reach = float(np.ptp(outline[:, 0]))
    moved = np.array(canvas.pixels(outline + rng.normal(0, 0.12, 2) * reach))
    softness = reach * 0.12
    low = np.maximum(moved.min(axis=0) - 2 * softness, 0).astype(int)
    high = np.minimum(moved.max(axis=0) + 2 * softness, canvas.image.size).astype(int)
    strength = round(255 * between(rng, 0.3, 0.75))
    mask = Image.new("L", tuple((high - low) // COARSE + 1))
    corners = [(float(x), float(y)) for x, y in (moved - low) / COARSE]
    ImageDraw.Draw(mask).polygon(corners, fill=strength)
    soft = mask.filter(ImageFilter.GaussianBlur(softness / COARSE)).resize(tuple(high - low))
    canvas.image.paste((8, 8, 10), (int(low[0]), int(low[1])), soft)


def reflect(image: Image.Image, camera: Camera, rng: np.random.Generator) -> Image.Image:
    """Reflections on the glass: the flash, and a window or lamp as a bright patch."""
    flash = happens(rng, 0.45)
    lamp = happens(rng, 0.35)
    if not flash and not lamp:
        return image
    size = (image.width // SOFT, image.height // SOFT)
    glass = _filled(camera.project(circle(0, 0, 0.97)), size)
    glow = np.zeros((size[1], size[0]), dtype=np.float32)
    if lamp:
        x, y = rng.uniform(-0.6, 0.6, 2)
        patch = rectangle(x, y, *rng.uniform(0.2, 0.9, 2)) @ np.array([[1, 0.2], [rng.normal(0, 0.4), 1]])
        soft = _filled(camera.project(patch), size).filter(ImageFilter.GaussianBlur(between(rng, 0.6, 2.5)))
        glow += np.asarray(soft, dtype=np.float32) * between(rng, 0.2, 0.6)
    if flash:
        radius = camera.focal_px / camera.distance / SOFT
        x, y = camera.project(rng.normal(0, 0.35, (1, 2)))[0] / SOFT
        distance = _distance(size, x, y) / (radius * between(rng, 0.06, 0.16))
        glow += 330 * np.exp(-(distance**2)) + between(rng, 20, 90) / (1 + (distance / 2.5) ** 2)
    glow *= np.asarray(glass, dtype=np.float32) / 255
    light = grey(glow).resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.add(image, Image.merge("RGB", (light, light, light)))


def expose(image: Image.Image, centre: tuple[float, float], rng: np.random.Generator) -> Image.Image:
    """Light, colour, blur and noise of a phone camera; `centre` is where the flash points."""
    light = _light(image.size, centre, rng)
    warmth = rng.normal(0, 0.09)
    contrast = 1 + rng.normal(-0.05, 0.1)
    gain = contrast * np.exp(rng.normal(-0.08, 0.18))
    gains = gain * np.array([1 + warmth, 1 + rng.normal(0, 0.02), 1 - warmth])
    lift = MIDDLE_GREY * (1 - contrast) + rng.normal(0, 8)
    width, height = image.size
    grain = between(rng, 1.0, 9.0)
    fine = rng.standard_normal((height, width), dtype=np.float32) * np.float32(grain) + np.float32(lift)
    blotches = enlarge(rng.standard_normal((height // 3, width // 3), dtype=np.float32), image.size)
    planes = []
    for plane, factor, blotch in zip(_blur(image, rng).split(), gains, BLOTCHES, strict=True):
        exposed = np.asarray(plane) * (light * np.float32(factor))
        exposed += fine
        exposed += blotches * np.float32(blotch * grain)
        planes.append(grey(exposed))
    return Image.merge("RGB", planes)


def _light(size: tuple[int, int], centre: tuple[float, float], rng: np.random.Generator) -> Field:
    """Brightness factor a pixel: a slope across the image, a flash's fall-off, a shadow's edge."""
    coarse = (size[0] // COARSE, size[1] // COARSE)
    rows, columns = np.mgrid[-1 : 1 : coarse[1] * 1j, -1 : 1 : coarse[0] * 1j].astype(np.float32)
    slope = rng.normal(0, 0.16, 2)
    light = 1 + slope[0] * columns + slope[1] * rows
    if happens(rng, 0.45):
        distance = _distance(coarse, centre[0] / COARSE, centre[1] / COARSE) / max(coarse)
        light *= 1.15 / (1 + (distance / between(rng, 0.28, 0.7)) ** 2)
    if happens(rng, 0.4):
        angle = between(rng, 0, 2 * np.pi)
        side = columns * np.cos(angle) + rows * np.sin(angle) - between(rng, -0.6, 0.6)
        edge = 1 / (1 + np.exp(-side * between(rng, 4, 30)))
        light *= 1 - between(rng, 0.2, 0.55) * edge
    light *= 0.9 + 0.2 * clouds(rng, coarse, octaves=(2, 4))
    return enlarge(np.clip(light, 0.12, 1.7).astype(np.float32), size)


def _blur(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    sharpness = rng.random()
    if sharpness < 0.2:
        along, across = between(rng, 1, 3), between(rng, 0, 0.6)
        shake = (along, across) if happens(rng, 0.5) else (across, along)
        return image.filter(ImageFilter.BoxBlur(shake))
    return image.filter(ImageFilter.GaussianBlur(between(rng, 0.2, 1.4)))


def _filled(polygon: Points, size: tuple[int, int]) -> Image.Image:
    """A polygon of the full image, white on black at `size`, a `SOFT` part of it."""
    image = Image.new("L", size)
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in polygon / SOFT], fill=255)
    return image


def _distance(size: tuple[int, int], x: float, y: float) -> Field:
    columns = np.arange(size[0], dtype=np.float32)[None, :] - np.float32(x)
    rows = np.arange(size[1], dtype=np.float32)[:, None] - np.float32(y)
    return np.asarray(np.hypot(columns, rows), dtype=np.float32)
