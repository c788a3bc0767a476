"""The register window: frame and digit wheels."""

from __future__ import annotations

import numpy as np
from PIL import Image

from wms.synth.canvas import Canvas, glyph
from wms.synth.colour import RGB, mix, shade
from wms.synth.geometry import rectangle
from wms.synth.meter import Meter
from wms.synth.rng import between, happens
from wms.synth.style import BLACK, RED

DIGIT_HEIGHT = 0.66  # of the window's height
DIGIT_WIDTH = 0.62  # of a wheel's pitch
# A wheel moves while the one to its right goes from 9 to 0.
CARRY_FROM = 0.9


def wheel_positions(digits: str, turn: float) -> list[float]:
    """Where each wheel stands, from the left: 3.25 is a quarter of the way from 3 to 4.

    The last wheel turns steadily; any other is carried over by its right neighbour's last tenth.
    """
    positions: list[float] = []
    carry = turn
    for digit in reversed(digits):
        position = int(digit) + carry
        positions.append(position)
        carry = max(0.0, (position / 10 - CARRY_FROM) / (1 - CARRY_FROM))
    return positions[::-1]


def draw_register(canvas: Canvas, meter: Meter, rng: np.random.Generator) -> None:
    """Draw frame and wheels; the wheels fill `meter.window`, the frame lies around it."""
    _draw_frame(canvas, meter)
    (left, top), (right, bottom) = canvas.pixels(meter.window[[0, 2]])
    x_edges = np.round(np.linspace(left, right, len(meter.reading.digits) + 1)).astype(int)
    y_top, y_bottom = round(top), round(bottom)
    positions = wheel_positions(meter.reading.digits, meter.reading.turn)
    slack = rng.normal(0, 0.035, len(positions))
    white_on_red = happens(rng, 0.5)
    for index, position in enumerate(positions):
        decimal = index >= len(meter.reading.integer)
        fill, ink = _wheel_colours(meter, decimal=decimal, white_on_red=white_on_red)
        size = (int(x_edges[index + 1] - x_edges[index]), y_bottom - y_top)
        wheel = _wheel(size, position + slack[index], fill, ink, gap=shade(meter.face, 0.35))
        canvas.image.paste(wheel, (int(x_edges[index]), y_top))
    _curve_light(canvas.image, (int(x_edges[0]), y_top, int(x_edges[-1]), y_bottom), between(rng, 0.25, 0.6))


def _draw_frame(canvas: Canvas, meter: Meter) -> None:
    width, height, y = meter.window_width, meter.window_height, meter.window_y

    def around(margin: float, fill: RGB) -> None:
        canvas.polygon(rectangle(0.0, y, width + 2 * margin, height + 2 * margin), fill)

    match meter.style.frame:
        case "bezel":
            around(0.075, shade(meter.bezel, 0.55))
            around(0.065, shade(meter.bezel, 1.15))
            around(0.025, shade(meter.bezel, 0.7))
        case "outline":
            around(0.055, mix(meter.style.ink, meter.face, 0.1))
            around(0.035, shade(meter.face, 1.04))
        case "recess":
            around(0.03, shade(meter.face, 0.6))
            around(0.018, shade(meter.face, 0.8))
        case "decimal-box":
            pitch = width / len(meter.reading.digits)
            decimal = pitch * len(meter.reading.decimal)
            box = rectangle((width - decimal) / 2, y, decimal + 0.05, height + 0.09)
            canvas.polygon(box, meter.accent)
    around(0.008, shade(meter.face, 0.4))


def _wheel_colours(meter: Meter, *, decimal: bool, white_on_red: bool) -> tuple[RGB, RGB]:
    if meter.style.wheels == "dark":
        return (shade(RED, 0.8), (236, 230, 226)) if decimal else ((34, 34, 36), (236, 236, 232))
    if decimal and white_on_red:
        return (206, 52, 50), (240, 234, 230)
    return (232, 230, 222), (190, 34, 40) if decimal else BLACK


def _wheel(size: tuple[int, int], position: float, fill: RGB, ink: RGB, *, gap: RGB) -> Image.Image:
    """One wheel's field of `size` pixels: the digit it stands at and the neighbour that rolls in."""
    width, height = size
    image = Image.new("RGB", size, fill)
    digit_size = (max(2, round(width * DIGIT_WIDTH)), max(3, round(height * DIGIT_HEIGHT)))
    base = int(np.floor(position))
    # From one digit to the next the wheel rolls by a little more than a digit's own height.
    step = height * (DIGIT_HEIGHT + 0.16)
    for digit in (base - 1, base, base + 1):
        shape = glyph(str(digit % 10), 48, 2).resize(digit_size, Image.Resampling.BOX)
        x = round((width - digit_size[0]) / 2)
        y = round((height - digit_size[1]) / 2 + (digit - position) * step)
        image.paste(ink, (x, y), shape)
    edge = max(1, width // 14)
    image.paste(gap, (0, 0, edge, height))
    image.paste(gap, (width - edge, 0, width, height))
    return image


def _curve_light(image: Image.Image, box: tuple[int, int, int, int], depth: float) -> None:
    """Darken top and bottom of the window, as light falls on drums behind an opening."""
    height = box[3] - box[1]
    rise = np.linspace(-1, 1, height)
    light = 1 - depth * np.abs(rise) ** 2.5 - 0.25 * depth * (rise < -0.7)
    part = np.asarray(image.crop(box), dtype=np.float32) * light[:, None, None]
    image.paste(Image.fromarray(part.astype(np.uint8)), box[:2])
