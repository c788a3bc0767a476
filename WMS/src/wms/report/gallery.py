"""Pictures of a run as a text on the forge shows them: by URL, in tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wms.report.facts import signed
from wms.report.markup import Align, code, fitting, table, text
from wms.report.pictures import TITLES, Kind, Picture, RunPictures
from wms.report.plots import Plot

COLUMNS: dict[Kind, int] = {"added": 4}
"""Pictures in a row; two where nothing else is said, since they show both models side by side."""

MOST_CHARACTERS = 20_000
"""All tables of pictures together; a file's URL on somebody's disk can be long."""


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """What can be shown: URLs by file name, the pictures and the learning curves that are among them.

    `missing` says why pictures that were meant to be shown are not.
    """

    urls: Mapping[str, str] = field(default_factory=dict)
    curves: Plot | None = None
    pictures: RunPictures | None = None
    missing: str = ""


NO_PICTURES = Gallery()


def curves_file(curves: Plot) -> str:
    """The name of the learning curves among the stored files."""
    return f"{curves.name}.png"


def curves_section(gallery: Gallery) -> list[str]:
    """The learning curves."""
    if gallery.curves is None or curves_file(gallery.curves) not in gallery.urls:
        return []
    url = gallery.urls[curves_file(gallery.curves)]
    return ["### Training", "", f"![{text(gallery.curves.alt)}]({url})", ""]


def overlays_section(gallery: Gallery) -> list[str]:
    """The test pictures, kind by kind, or why there are none."""
    if gallery.missing:
        return ["### Test pictures", "", f"The pictures could not be stored: {text(gallery.missing)}.", ""]
    if gallery.pictures is None:
        return []
    groups = {kind: shown for kind, shown in gallery.pictures.groups() if kind != "added"}
    if not groups:
        return []
    both = any(picture.champion_dice is not None for shown in groups.values() for picture in shown)
    legend = "Wide orange: the true outline; narrow blue: what the model found."
    if both:
        legend += " Left: the champion, which is in production; right: the candidate."
    lines = ["### Test pictures", "", legend, ""]
    for kind, shown in groups.items():
        lines += [f"**{TITLES[kind]}**", "", *_rows(kind, shown, gallery.urls, MOST_CHARACTERS // 4)]
    return lines


def added_section(gallery: Gallery) -> list[str]:
    """Thumbnails of what was added."""
    groups = dict(gallery.pictures.groups()) if gallery.pictures else {}
    if "added" not in groups:
        return []
    rows = _rows("added", groups["added"], gallery.urls, MOST_CHARACTERS // 4)
    return ["Some of them, with the outline of the mask that came with each:", "", *rows]


def caption(picture: Picture) -> str:
    """The scores that a picture is shown for; empty for one that was not scored."""
    if picture.dice is None:
        return ""
    if picture.champion_dice is None:
        return f"Dice {picture.dice:.4f}"
    change = signed(picture.dice - picture.champion_dice)
    return f"Dice {picture.champion_dice:.4f} to {picture.dice:.4f} ({change})"


def alt_text(picture: Picture) -> str:
    """What a picture shows, in words."""
    what = "True and predicted outline" if picture.dice is not None else "Outline"
    scores = f"; {caption(picture)}" if picture.dice is not None else ""
    return f"{what} of the register window on {picture.stem}{scores}"


def _rows(kind: Kind, shown: tuple[Picture, ...], urls: Mapping[str, str], characters: int) -> list[str]:
    """A table of pictures with captions below; whole rows that fit, the rest counted."""
    columns = min(COLUMNS.get(kind, 2), len(shown))
    cells = [
        f"[![{text(alt_text(picture))}]({urls[picture.file]})]({urls[picture.file]})"
        f"<br>{' '.join(filter(None, (caption(picture), code(picture.stem))))}"
        for picture in shown
    ]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    rows[-1] += [""] * (columns - len(rows[-1]))
    align: list[Align] = ["left"] * columns
    whole = table([""] * columns, rows, align=align)
    lines = fitting(whole, most=len(whole), characters=characters)
    left = len(shown) - columns * max(len(lines) - 2, 0)
    if len(lines) <= 2:
        lines = []
    return [*lines, "", *([f"{left} more are in the run's report.", ""] if left > 0 else [])]
