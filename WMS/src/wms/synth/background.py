"""Where the meter hangs: a wall and what else is in front of it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from wms.synth.canvas import Canvas
from wms.synth.casing import NUTS, PIPES, draw_tube
from wms.synth.colour import RGB, mix, shade, vary
from wms.synth.geometry import Points, rectangle
from wms.synth.noise import clouds, grey
from wms.synth.rng import between, digits, happens, pick
from wms.synth.style import BLACK, BLUE, RED, WHITE

WALLS: tuple[RGB, ...] = (
    (190, 184, 172),
    (206, 196, 170),
    (120, 140, 150),
    (112, 150, 120),
    (88, 78, 68),
    (60, 62, 66),
    (150, 120, 96),
    (170, 176, 182),
)
EARTH: RGB = (78, 64, 46)
LEAF: RGB = (74, 104, 48)


def draw_background(size: tuple[int, int], rng: np.random.Generator) -> Canvas:
    """A canvas of `size` (width, height) with wall and clutter, to draw the meter on."""
    kind = pick(rng, ("plaster", "plaster", "tiles", "bricks", "dark", "pit"))
    canvas = Canvas(size, (0, 0, 0))
    match kind:
        case "tiles" | "bricks":
            _draw_courses(canvas, size, rng, bricks=kind == "bricks")
        case _:
            base = {"dark": (34, 34, 36), "pit": EARTH}.get(kind) or pick(rng, WALLS)
            canvas.image.paste(vary(rng, base, 16), (0, 0, *canvas.image.size))
    if kind == "pit":
        for _ in range(80):
            _draw_leaf(canvas, size, rng)
    for _ in range(int(rng.integers(1, 4))):
        _draw_pipe(canvas, size, rng)
    for _ in range(int(rng.integers(0, 4))):
        thing = pick(rng, (_draw_gauge, _draw_label, _draw_valve, _draw_box))
        thing(canvas, size, rng)
    for _ in range(int(rng.integers(0, 4))):
        draw_cable(canvas, size, rng)
    return canvas


def roughen(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Stains, rust and grain over wall, pipes and casing."""
    half = (image.width // 2, image.height // 2)
    stretch = 6.0 if happens(rng, 0.15) else 1.0
    stains = clouds(rng, half, octaves=(3, 6, 14, 40, 110), stretch=stretch)
    factor = 1 + between(rng, 0.3, 1.2) * (stains - stains.max())
    light = grey(factor * 255).resize(image.size, Image.Resampling.BILINEAR)
    return ImageChops.multiply(image, Image.merge("RGB", (light, light, light)))


def draw_cable(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    """A cable, hose or seal wire that hangs through the image (a cubic Bezier curve)."""
    ends = np.array([[between(rng, -0.1, 1.1), pick(rng, (-0.1, 1.1))], rng.random(2) * 1.2 - 0.1])
    middle = rng.random((2, 2))
    t = np.linspace(0, 1, 24)[:, None]
    first, last = ends
    curve = (
        (1 - t) ** 3 * first + 3 * (1 - t) ** 2 * t * middle[0] + 3 * (1 - t) * t**2 * middle[1] + t**3 * last
    )
    points = curve * size
    width = between(rng, 0.002, 0.014) * max(size)
    colour = vary(rng, pick(rng, (BLACK, WHITE, (120, 120, 124), RED, BLUE)), 15)
    canvas.path(points, shade(colour, 0.6), width)
    canvas.path(points - width * 0.15, colour, width * 0.55)


def _place(size: tuple[int, int], rng: np.random.Generator) -> Points:
    """A place near the image's edge, where the meter rarely is."""
    place = rng.random(2)
    place[int(rng.integers(2))] = pick(rng, (between(rng, 0.0, 0.18), between(rng, 0.82, 1.0)))
    return np.asarray(place * size)


def _draw_courses(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator, *, bricks: bool) -> None:
    """Tiles or bricks in courses, slightly turned."""
    base = vary(rng, (140, 84, 66) if bricks else pick(rng, (WHITE, (130, 162, 180), (196, 182, 160))), 14)
    mortar = vary(rng, (150, 144, 134), 14)
    canvas.image.paste(mortar, (0, 0, *canvas.image.size))
    high = between(rng, 0.07, 0.13) * max(size) if bricks else between(rng, 0.12, 0.4) * max(size)
    wide = high * 2.6 if bricks else high
    joint = high * (0.14 if bricks else 0.04)
    angle = between(rng, -0.15, 0.15)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    centre = np.array(size) / 2
    rows, columns = int(size[1] / high / 2) + 3, int(size[0] / wide / 2) + 3
    for row in range(-rows, rows + 1):
        for column in range(-columns, columns + 1):
            x = (column + (0.5 if bricks and row % 2 else 0)) * wide
            tile = rectangle(x, row * high, wide - joint, high - joint)
            canvas.polygon(
                tile @ turn + centre,
                shade(base, between(rng, 0.8, 1.15) if bricks else between(rng, 0.97, 1.03)),
            )


def _draw_leaf(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    length = between(rng, 0.02, 0.07) * max(size)
    angle = between(rng, 0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)]) * length
    across = np.array([-along[1], along[0]]) * between(rng, 0.15, 0.4)
    at = rng.random(2) * size
    leaf = np.array([at - along, at + across, at + along, at - across])
    canvas.polygon(leaf, shade(mix(LEAF, EARTH, between(rng, 0, 0.9)), between(rng, 0.5, 1.5)))


def _draw_pipe(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    width = between(rng, 0.03, 0.13) * max(size)
    colour, light = vary(rng, pick(rng, PIPES), 18), between(rng, -0.7, 0.7)
    at = _place(size, rng)
    angle = pick(rng, (0.0, np.pi / 2)) + float(rng.normal(0, 0.12))
    along = np.array([np.cos(angle), np.sin(angle)])
    reach = along * max(size) * 1.5
    draw_tube(canvas, at - reach, at + reach, width, colour, light=light)
    if happens(rng, 0.6):
        joint = at + along * between(rng, -0.3, 0.3) * max(size)
        nut = vary(rng, pick(rng, NUTS), 15)
        draw_tube(canvas, joint - along * width, joint + along * width, width * 1.4, nut, light=light)


def _draw_gauge(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    """A pressure gauge: round, white, with figures, and no register."""
    x, y = _place(size, rng)
    radius = between(rng, 0.06, 0.14) * max(size)
    canvas.disc(x, y, radius * 1.15, pick(rng, (BLACK, (150, 150, 152), RED)))
    canvas.disc(x, y, radius, WHITE)
    for tick in range(13):
        angle = (tick / 12 * 1.5 + 0.75) * np.pi
        spoke = np.array([np.cos(angle), np.sin(angle)]) * radius
        canvas.path(np.array([[x, y] + spoke * 0.92, [x, y] + spoke * 0.78]), BLACK, radius * 0.03)
        if tick % 2 == 0:
            canvas.text(np.array([x, y]) + spoke * 0.6, str(tick), radius * 0.16, BLACK)
    angle = between(rng, 0.75, 2.25) * np.pi
    needle = np.array([np.cos(angle), np.sin(angle)]) * radius
    canvas.path(np.array([x, y]) + np.array([-0.2 * needle, 0.8 * needle]), BLACK, radius * 0.06)


def _draw_label(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    """A paper label with a number in a row of digits, much like a register."""
    at = _place(size, rng)
    width = between(rng, 0.12, 0.28) * max(size)
    angle = float(rng.normal(0, 0.3))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    paper = pick(rng, (WHITE, (236, 216, 120), BLACK))
    canvas.polygon(rectangle(0, 0, width, width * between(rng, 0.25, 0.5)) @ turn.T + at, paper)
    number = digits(rng, int(rng.integers(5, 9)))
    ink = WHITE if paper == BLACK else BLACK
    canvas.text(at, number, width * 0.15, ink, width=width * 0.85, angle_degrees=float(np.degrees(-angle)))


def _draw_valve(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    """A valve with its lever."""
    at = _place(size, rng)
    length = between(rng, 0.1, 0.25) * max(size)
    angle = between(rng, 0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)]) * length
    canvas.disc(at[0], at[1], length * 0.25, vary(rng, pick(rng, NUTS), 10))
    draw_tube(canvas, at, at + along, length * 0.2, pick(rng, (RED, BLUE, (30, 110, 50))), light=0.3)


def _draw_box(canvas: Canvas, size: tuple[int, int], rng: np.random.Generator) -> None:
    """Something angular: a cabinet's edge, a box, a beam."""
    at = _place(size, rng)
    width, height = rng.uniform(0.15, 0.6, 2) * max(size)
    colour = vary(rng, pick(rng, WALLS), 20)
    box = rectangle(at[0], at[1], width, height)
    canvas.polygon(box + 0.012 * max(size), shade(colour, 0.4))
    canvas.polygon(box, colour)
