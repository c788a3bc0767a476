"""One meter: a make with colours, numbers and a reading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wms.synth.colour import RGB, vary
from wms.synth.geometry import Points, rectangle
from wms.synth.invention import invent_style
from wms.synth.rng import between, digits, pick
from wms.synth.style import STYLES, Style

# Invented names: the print only has to look real.
BRANDS = ("AQUORA", "VELDAN", "Rivella", "HYDROM", "Tessin", "NORRA", "Okean-15", "MERIVO", "Bachlauf")
MODELS = ("QM-15", "SW 15X", "WK-20", "TR-15G", "LF-U", "EV 90")

# A wheel shows a field this many times as high as it is wide.
WHEEL_ASPECT = 1.42


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the wheels show: digits before and after the decimal point.

    `turn` is how far the last wheel has turned towards its next digit, in 0..1.
    """

    integer: str
    decimal: str
    turn: float

    @property
    def digits(self) -> str:
        """All digits, from the left."""
        return self.integer + self.decimal


@dataclass(frozen=True, kw_only=True)
class Meter:
    """Everything about a meter that the photograph does not change."""

    style: Style
    reading: Reading
    serial: str
    brand: str
    model: str
    face: RGB
    accent: RGB
    wall: RGB
    bezel: RGB
    window_y: float
    window_width: float

    @property
    def window_height(self) -> float:
        """Height of the register window in dial units; as many wheels as digits fill its width."""
        return self.window_width / len(self.reading.digits) * WHEEL_ASPECT

    @property
    def window(self) -> Points:
        """The window's corners in dial units, (4, 2), clockwise from top left: what the mask marks."""
        return rectangle(0.0, self.window_y, self.window_width, self.window_height)


def draw_meter(rng: np.random.Generator, *, invented: bool = False) -> Meter:
    """A meter of any make of `STYLES`, or of an invented one."""
    style = invent_style(rng) if invented else pick(rng, STYLES)
    integer = digits(rng, pick(rng, style.integer_wheels))
    # The first wheels of most meters have not moved yet.
    zeros = min(int(rng.integers(0, 4)), len(integer) - 1)
    reading = Reading(
        integer="0" * zeros + integer[zeros:],
        decimal=digits(rng, pick(rng, style.decimal_wheels)),
        turn=float(rng.random()),
    )
    wheel_count = len(reading.digits)
    width = min(style.window_width, wheel_count * 0.17) * between(rng, 0.93, 1.05)
    return Meter(
        style=style,
        reading=reading,
        serial=digits(rng, int(rng.integers(7, 10))),
        brand=pick(rng, BRANDS),
        model=pick(rng, MODELS),
        face=vary(rng, pick(rng, style.faces), 10),
        accent=vary(rng, pick(rng, style.accents), 14),
        wall=vary(rng, pick(rng, style.walls), 14),
        bezel=vary(rng, pick(rng, style.bezels), 12),
        window_y=style.window_y + between(rng, -0.03, 0.03),
        window_width=width,
    )
