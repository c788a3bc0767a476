"""What is printed and mounted on a dial beside the register: lettering, sub-dials, number plates."""

from __future__ import annotations

import numpy as np

from wms.synth.canvas import Canvas
from wms.synth.colour import RGB, mix, shade
from wms.synth.geometry import Points, circle, rectangle
from wms.synth.meter import Meter
from wms.synth.rng import between, digits, happens, pick
from wms.synth.style import BLACK, RED, WHITE, Mark

DIGIT_PITCH = 0.72  # width of a printed digit, of its height
SCALE_RING_RADIUS = 0.93


def decoys(meter: Meter) -> tuple[Points, ...]:
    """Outlines, in dial units, of what a careless annotator might take for the register window."""
    outlines = []
    for mark in meter.style.marks:
        if mark.kind == "subdial":
            outlines.append(circle(mark.x, mark.y, mark.size * 1.1))
        elif mark.kind in ("serial", "plate"):
            outlines.append(rectangle(mark.x, mark.y, _number_width(meter, mark) * 1.15, mark.size * 1.6))
    return tuple(outlines)


def draw_mark(canvas: Canvas, meter: Meter, mark: Mark, rng: np.random.Generator) -> None:
    """Draw one mark."""
    ink = meter.style.ink
    at = (mark.x, mark.y)
    match mark.kind:
        case "brand":
            header = meter.style.header and mark.y < -0.4
            canvas.text(at, meter.brand, mark.size, WHITE if header else meter.accent, bold=True)
        case "caption":
            canvas.text(at, meter.model, mark.size, ink, bold=happens(rng, 0.5))
        case "lines":
            _draw_lines(canvas, meter, mark, rng)
        case "serial":
            canvas.text(at, meter.serial, mark.size, ink, width=_number_width(meter, mark))
        case "plate":
            width = _number_width(meter, mark)
            canvas.polygon(rectangle(*at, width * 1.15, mark.size * 1.6), shade(WHITE, 0.95))
            canvas.text(at, meter.serial, mark.size * 0.8, BLACK, width=width, bold=True)
        case "barcode":
            _draw_barcode(canvas, mark, ink, rng)
        case "star":
            _draw_star(canvas, meter, mark, rng)
        case "subdial":
            _draw_subdial(canvas, meter, mark, rng)
        case "badges":
            _draw_badges(canvas, mark, ink, rng)


def draw_unit(canvas: Canvas, meter: Meter) -> None:
    """The "m3" right of the window, where there is room."""
    x = meter.window_width / 2 + 0.16
    if np.hypot(x + 0.1, meter.window_y) < SCALE_RING_RADIUS - 0.05:
        canvas.text((x, meter.window_y + 0.01), "m", 0.07, meter.style.ink, bold=True)
        canvas.text((x + 0.075, meter.window_y - 0.045), "3", 0.05, meter.style.ink)


def draw_scale_ring(canvas: Canvas, meter: Meter, rng: np.random.Generator) -> None:
    """A scale of a hundred ticks around the dial, and its pointer from the centre."""
    for tick in range(100):
        long = tick % 10 == 0
        _draw_tick(canvas, (0, 0), SCALE_RING_RADIUS, 0.09 if long else 0.05, tick / 100, meter.style.ink)
        if long:
            angle = 2 * np.pi * tick / 100
            canvas.text((0.78 * np.sin(angle), -0.78 * np.cos(angle)), str(tick // 10), 0.08, meter.style.ink)
    if not meter.style.lid:
        return
    # The pointer stays in the half of the dial without the window.
    angle = between(rng, 0.5 * np.pi, 1.5 * np.pi)
    _draw_pointer(canvas, (0, 0.0), 0.8, angle, RED, breadth=0.05)


def _number_width(meter: Meter, mark: Mark) -> float:
    return len(meter.serial) * mark.size * DIGIT_PITCH


def _draw_lines(canvas: Canvas, meter: Meter, mark: Mark, rng: np.random.Generator) -> None:
    lines = ["Qn 1,5 m/h", f"{pick(rng, (30, 40, 90))} °C", "PN 16", "H-B  V-A", f"IP {digits(rng, 2)}"]
    for row in range(int(rng.integers(2, 5))):
        y = mark.y + (row - 1) * mark.size * 1.35
        bold = row == 1
        canvas.text((mark.x, y), lines[row], mark.size * 0.8, meter.accent if bold else meter.style.ink)


def _draw_barcode(canvas: Canvas, mark: Mark, ink: RGB, rng: np.random.Generator) -> None:
    x = mark.x - 0.2
    canvas.polygon(rectangle(*(mark.x, mark.y), 0.44, mark.size * 1.1), shade(WHITE, 1.0))
    while x < mark.x + 0.19:
        width = between(rng, 0.008, 0.022)
        canvas.polygon(rectangle(x + width / 2, mark.y, width, mark.size), ink)
        x += width + between(rng, 0.008, 0.022)


def _draw_star(canvas: Canvas, meter: Meter, mark: Mark, rng: np.random.Generator) -> None:
    """The turning star that shows whether water runs at all."""
    canvas.disc(mark.x, mark.y, mark.size * 1.12, mix(meter.face, BLACK, 0.25))
    canvas.disc(mark.x, mark.y, mark.size, mix(meter.face, WHITE, 0.3))
    points = int(rng.integers(5, 9))
    angles = np.arange(2 * points) * np.pi / points + between(rng, 0, np.pi)
    radii = np.where(np.arange(2 * points) % 2 == 0, 0.95, 0.4) * mark.size
    star = np.array([mark.x, mark.y]) + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    canvas.polygon(star, pick(rng, (BLACK, BLACK, RED, (130, 132, 136))))
    canvas.disc(mark.x, mark.y, mark.size * 0.22, shade(meter.face, 0.8))


def _draw_subdial(canvas: Canvas, meter: Meter, mark: Mark, rng: np.random.Generator) -> None:
    dark = happens(rng, 0.2)
    ground, ink = ((30, 30, 32), WHITE) if dark else (mix(meter.face, WHITE, 0.4), meter.style.ink)
    if not dark and sum(ground) < 380:
        ink = WHITE
    canvas.disc(mark.x, mark.y, mark.size, mix(ground, ink, 0.6))
    canvas.disc(mark.x, mark.y, mark.size * 0.95, ground)
    for tick in range(10):
        _draw_tick(canvas, (mark.x, mark.y), mark.size * 0.93, mark.size * 0.2, tick / 10, ink)
        angle = 2 * np.pi * tick / 10
        at = (mark.x + 0.58 * mark.size * np.sin(angle), mark.y - 0.58 * mark.size * np.cos(angle))
        canvas.text(at, str(tick), mark.size * 0.24, ink)
    factor = pick(rng, ("x0,1", "x0,01", "x0,001", "x0,0001"))
    canvas.text((mark.x, mark.y + mark.size * 1.2), factor, mark.size * 0.26, meter.style.ink)
    _draw_pointer(canvas, (mark.x, mark.y), mark.size * 0.7, between(rng, 0, 2 * np.pi), RED)


def _draw_pointer(
    canvas: Canvas,
    at: tuple[float, float],
    length: float,
    angle: float,
    fill: RGB,
    *,
    breadth: float = 0.14,
) -> None:
    """A pointer that stands at `angle`, clockwise from the top."""
    along = np.array([np.sin(angle), -np.cos(angle)])
    across = np.array([along[1], -along[0]])
    centre = np.array(at)
    shape = [along * length, across * length * breadth, -along * length * 0.35, -across * length * breadth]
    canvas.polygon(centre + 0.02 + np.array(shape), shade(fill, 0.45))
    canvas.polygon(centre + np.array(shape), fill)
    canvas.disc(*at, length * breadth * 1.7, fill)


def _draw_tick(
    canvas: Canvas, at: tuple[float, float], radius: float, length: float, turn: float, ink: RGB
) -> None:
    along = np.array([np.sin(2 * np.pi * turn), -np.cos(2 * np.pi * turn)])
    ends = np.array(at) + np.array([along * radius, along * (radius - length)])
    canvas.path(ends, ink, max(0.008, length * 0.14))


def _draw_badges(canvas: Canvas, mark: Mark, ink: RGB, rng: np.random.Generator) -> None:
    """Marks of approval: small outlined shapes in a row."""
    count = int(rng.integers(2, 4))
    for index in range(count):
        x = mark.x + (index - (count - 1) / 2) * mark.size * 2.2
        corners = int(rng.integers(4, 9))
        outline = circle(x, mark.y, mark.size * 0.8, corners)
        canvas.path(outline, ink, 0.014, closed=True)
        canvas.text((x, mark.y), pick(rng, ("PC", "CE", "M", "T")), mark.size * 0.6, ink, bold=True)
