"""How plots of the report are drawn: as SVG, once for light and once for dark pages.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart. matplotlib is
imported only when something is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wms.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of one rendering."""

    suffix: str
    text: str
    faint: str
    candidate: str
    champion: str


LIGHT = Theme(suffix="", text="#4a5058", faint="#d5d9de", candidate="#0072b2", champion="#b35900")
DARK = Theme(suffix="-dark", text="#b4bac2", faint="#3a4048", candidate="#56b4e9", champion="#e69f00")


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A plot's files (names beside the page), what it shows in words, and its caption."""

    name: str
    alt: str
    caption: str

    @property
    def light(self) -> str:
        """File name of the rendering for light pages."""
        return f"{self.name}{LIGHT.suffix}.svg"

    @property
    def dark(self) -> str:
        """File name of the rendering for dark pages."""
        return f"{self.name}{DARK.suffix}.svg"


Draw = Callable[["Figure"], None]


def write_plot(plot: Plot, draw: Draw, inches: tuple[float, float], to: Path) -> Plot:
    """Draw a plot and write both of its renderings into the folder `to`; return it.

    Raises:
        StorageError: a file could not be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_style(LIGHT)):
        figure = Figure(figsize=inches, layout="constrained")
        draw(figure)
        for axes in figure.axes:
            _calm(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue().decode()
    write_bytes(to / plot.light, svg.encode())
    # Drawing is slow, and the two renderings differ in nothing but these colours.
    for field in ("text", "faint", "candidate", "champion"):
        svg = svg.replace(getattr(LIGHT, field), getattr(DARK, field))
    write_bytes(to / plot.dark, svg.encode())
    return plot


def _style(theme: Theme) -> dict[str, object]:
    return {
        "font.size": 9,
        "axes.titlesize": 9,
        "axes.titlelocation": "left",
        "axes.edgecolor": theme.faint,
        "axes.labelcolor": theme.text,
        "axes.titlecolor": theme.text,
        "text.color": theme.text,
        "xtick.color": theme.faint,
        "ytick.color": theme.faint,
        "xtick.labelcolor": theme.text,
        "ytick.labelcolor": theme.text,
        "grid.color": theme.faint,
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "svg.fonttype": "none",
        "svg.hashsalt": "wms",
    }


def _calm(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="both")
