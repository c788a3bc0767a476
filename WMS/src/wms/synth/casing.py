"""The parts around the dial: fittings, pipe, body, ring around the glass, lid."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from wms.synth.canvas import Canvas
from wms.synth.colour import RGB, shade, vary
from wms.synth.geometry import Camera, Points, circle, rectangle
from wms.synth.meter import Meter
from wms.synth.rng import between, happens, pick
from wms.synth.style import BLACK, BLUE, BRASS, RED, SILVER, WHITE

RING_RADIUS = 1.1  # outer radius of the ring around the glass
BODY_DEPTH = 0.9  # of the body behind the dial
PIPE_DEPTH = 1.0

PIPES: tuple[RGB, ...] = ((222, 222, 216), (150, 152, 154), (120, 84, 52), (74, 72, 70))
NUTS: tuple[RGB, ...] = (BRASS, (126, 98, 54), (90, 80, 66), (44, 44, 46))


def draw_tube(canvas: Canvas, start: Points, end: Points, width: float, fill: RGB, *, light: float) -> None:
    """A round bar from `start` to `end` (each (2,)), lit from one side; `light` in -1..1 says where."""
    along = end - start
    across = np.array([-along[1], along[0]]) / max(1e-6, float(np.hypot(*along)))
    strips = 9
    edges = np.linspace(-0.5, 0.5, strips + 1) * width
    for low, high in pairwise(edges):
        at = (low + high) / width - light * 0.5
        brightness = 0.35 + 0.75 * float(np.sqrt(max(0.0, 1 - min(1.0, at * at))))
        corners = [start + across * low, end + across * low, end + across * high, start + across * high]
        canvas.polygon(np.array(corners), shade(fill, brightness))


def draw_casing(canvas: Canvas, meter: Meter, camera: Camera, rng: np.random.Generator) -> None:
    """Draw everything behind and around the dial; the face is drawn later."""
    _draw_fittings(canvas, camera, rng)
    if meter.style.lid:
        _draw_lid(canvas, meter, camera, rng)
    _draw_wall(canvas, meter, camera, rng)
    _draw_ring(canvas, meter, camera, rng)


def outline(camera: Camera) -> Points:
    """The outer edge of the body in pixels, for the shadow that it throws."""
    return camera.project(circle(0, 0, RING_RADIUS * 1.05), BODY_DEPTH / 2)


def _draw_fittings(canvas: Canvas, camera: Camera, rng: np.random.Generator) -> None:
    """Pipe through the meter, along x or y of the dial, with union nuts on both sides."""
    upright = happens(rng, 0.4)
    pipe, nut = vary(rng, pick(rng, PIPES), 15), vary(rng, pick(rng, NUTS), 12)
    pipe_width, nut_width = between(rng, 0.35, 0.55), between(rng, 0.6, 0.85)
    light = between(rng, -0.7, 0.7)
    scale = camera.focal_px / (camera.distance + PIPE_DEPTH)

    def bar(side: int, near: float, far: float, width: float, fill: RGB) -> None:
        ends = np.array([[side * near, 0.0], [side * far, 0.0]])
        start, end = camera.project(ends[:, ::-1] if upright else ends, PIPE_DEPTH)
        draw_tube(canvas, start, end, width * scale, fill, light=light)

    for side in (-1, 1):
        bar(side, 0.9, between(rng, 6, 9), pipe_width, pipe)
        bar(side, 0.7, 1.35, nut_width * 0.8, shade(nut, 0.8))
        bar(side, 1.3, between(rng, 1.7, 2.0), nut_width, nut)
        if happens(rng, 0.5):
            bar(side, 2.1, 2.5, nut_width * 0.85, shade(vary(rng, nut, 20), 0.9))


def _draw_lid(canvas: Canvas, meter: Meter, camera: Camera, rng: np.random.Generator) -> None:
    """The lid, open: seen from below, foreshortened by the angle at which it stands."""
    height = between(rng, 0.45, 1.0)
    lid = circle(0, 0, 1.05)
    lid[:, 1] = (lid[:, 1] - 1.05) * height - 1.02
    canvas.polygon(camera.project(lid, 0.1), shade(meter.wall, 0.55))
    lid[:, 1] -= 0.05
    canvas.polygon(camera.project(lid, -0.1), shade(meter.wall, 0.9))
    canvas.polygon(camera.project(lid * [0.85, 0.9] - [0, 0.14], -0.1), shade(meter.wall, 0.75))
    canvas.polygon(camera.project(rectangle(0, -1.1, 0.35, 0.2), 0.1), shade(meter.wall, 0.6))


def _draw_wall(canvas: Canvas, meter: Meter, camera: Camera, rng: np.random.Generator) -> None:
    """The body as a stack of discs from the back to the front, with a coloured ring in some."""
    ring = pick(rng, (RED, BLUE, meter.wall))
    ring_from, ring_to = 0.25, between(rng, 0.4, 0.6)
    ridges = between(rng, 0.0, 0.18)
    for step, depth in enumerate(np.linspace(BODY_DEPTH, 0.02, 16)):
        fill = ring if ring_from < depth < ring_to else meter.wall
        brightness = 0.45 + 0.4 * (1 - depth / BODY_DEPTH) + (ridges if step % 2 else 0)
        radius = RING_RADIUS * (1.04 if depth > 0.2 else 1.0) * (0.9 if depth > BODY_DEPTH * 0.8 else 1.0)
        canvas.polygon(camera.project(circle(0, 0, radius), float(depth)), shade(fill, brightness))


def _draw_ring(canvas: Canvas, meter: Meter, camera: Camera, rng: np.random.Generator) -> None:
    """The ring around the glass in short pieces, each as bright as the light falls on it."""
    clear = happens(rng, 0.4)
    colour = meter.bezel if not clear else pick(rng, (SILVER, WHITE, meter.face))
    light_from, gloss = between(rng, 0, 2 * np.pi), between(rng, 0.2, 0.5)
    inner, outer = circle(0, 0, 0.97), circle(0, 0, RING_RADIUS)
    middle = circle(0, 0, between(rng, 1.0, 1.06))
    pieces = len(inner)
    for first, second, base in ((middle, outer, 0.7), (inner, middle, 0.95)):
        near, far = camera.project(first, -0.03), camera.project(second, 0.0)
        for index in range(pieces):
            after = (index + 1) % pieces
            angle = 2 * np.pi * index / pieces - light_from
            brightness = base + gloss * (0.6 * np.cos(angle) + 0.4 * np.cos(3 * angle))
            corners = np.array([near[index], near[after], far[after], far[index]])
            canvas.polygon(corners, shade(colour, brightness))
    canvas.path(camera.project(circle(0, 0, 0.985)), shade(BLACK, 1.5), 1.0, closed=True)
