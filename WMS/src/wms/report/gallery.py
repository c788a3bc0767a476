"""The images of a run: which ones are shown, and how a text on GitHub shows them, by URL, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import PositiveInt

from wms.core.records.base import Frozen, Record, Sha256
from wms.report.markup import Markdown, code, fitting, table_lines, text, url
from wms.report.view import signed

if TYPE_CHECKING:
    from wms.report.plots import Plot

Kind = Literal["worst", "improved", "worsened", "median", "best", "added"]

TITLES: dict[Kind, str] = {
    "worst": "Worst test images",
    "improved": "Most improved",
    "worsened": "Most worsened",
    "median": "Around the median",
    "best": "Best",
    "added": "Added images",
}
"""The groups in the order in which they are shown."""

TABLE_LIMIT = 5_000
"""Characters of one group of images; a file's URL on somebody's disk can be long."""


class ShownImage(Frozen):
    """An image as it is shown: its file (named here, never by a user), size and scores.

    A test image has a Dice. Where it is shown with both models, the champion is on the left.
    """

    file: str
    width_px: PositiveInt
    height_px: PositiveInt
    kind: Kind
    stem: str
    dice: float | None = None
    champion_dice: float | None = None

    @property
    def caption(self) -> str:
        """The scores; empty for an image that was not scored."""
        if self.dice is None:
            return ""
        if self.champion_dice is None:
            return f"Dice {self.dice:.4f}"
        change = signed(self.dice - self.champion_dice)
        return f"Dice {self.champion_dice:.4f} to {self.dice:.4f} ({change})"

    @property
    def alt(self) -> str:
        """What the image shows, in words."""
        what = "True and predicted outline" if self.caption else "Outline"
        return "; ".join(filter(None, (f"{what} of the register window on {self.stem}", self.caption)))


class RunImages(Record):
    """All images of the run with this evaluation."""

    evaluation_sha256: Sha256
    pictures: tuple[ShownImage, ...]

    def groups(self) -> Iterator[tuple[Kind, tuple[ShownImage, ...]]]:
        """The images by kind, in the order of `TITLES`; kinds without images are left out."""
        for kind in TITLES:
            if found := tuple(image for image in self.pictures if image.kind == kind):
                yield kind, found


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """What a text can show: URLs by file name, the images and the learning curves that are among them.

    `missing` says why images that were meant to be shown are not.
    """

    urls: Mapping[str, str] = field(default_factory=dict)
    curves: Plot | None = None
    images: RunImages | None = None
    missing: str = ""

    @property
    def curves_url(self) -> str:
        """The learning curves; empty if they were not stored."""
        return self.urls.get(curves_file(self.curves), "") if self.curves else ""

    @property
    def tested(self) -> dict[str, Markdown]:
        """A table of each kind of test images, two in a row, by title."""
        groups = self.images.groups() if self.images else ()
        return {TITLES[kind]: self._table(shown, 2) for kind, shown in groups if kind != "added"}

    @property
    def added(self) -> Markdown:
        """A table of added images, four in a row; empty without any."""
        shown = dict(self.images.groups()).get("added", ()) if self.images else ()
        return self._table(shown, 4) if shown else Markdown()

    def _table(self, shown: tuple[ShownImage, ...], most_columns: int) -> Markdown:
        """Images with captions below: whole rows that fit, the rest counted."""
        columns = min(most_columns, len(shown))
        cells = []
        for image in shown:
            address = url(self.urls[image.file])
            caption = " ".join(filter(None, (text(image.caption), code(image.stem))))
            cells.append(Markdown(f"[![{text(image.alt)}]({address})]({address})<br>{caption}"))
        cells += [Markdown()] * (-len(cells) % columns)
        rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
        whole = table_lines(rows, [""] * columns, "l" * columns)
        lines = fitting(whole, most=len(whole), characters=TABLE_LIMIT)
        left = len(shown) - columns * max(len(lines) - 2, 0)
        more = [f"{left} more in the run's report."] if left > 0 else []
        return Markdown("\n".join([*(lines if len(lines) > 2 else []), "", *more]))


NO_IMAGES = Gallery()


def curves_file(curves: Plot) -> str:
    """The name of the learning curves among the stored files."""
    return f"{curves.name}.png"
