"""A report of drift as text, as Markdown and as a page."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wms.core.files import write_bytes
from wms.core.records.drift import DriftReport, MeasureDrift
from wms.core.words import counted
from wms.report.page import page_environment
from wms.report.render import render

BAR = 30
"""Characters of a bar of all images."""


@dataclass(frozen=True)
class Shown:
    """How a measure is called, in which unit its edges are, and how they are written."""

    name: str
    unit: str = ""
    form: str = "{:.4g}"


SHOWN = {
    "brightness": Shown("brightness", "grey levels"),
    "sharpness": Shown("sharpness"),
    "size_px": Shown("size", "px", "{:.0f}"),
    "coverage": Shown("coverage", "of the image", "{:.3g}"),
    "confidence": Shown("confidence", "expected Dice"),
    "window_angle_degrees": Shown("window angle", "degrees", "{:.0f}"),
}


@dataclass(frozen=True)
class DriftView:
    """What all three forms of a report say."""

    report: DriftReport

    @property
    def headline(self) -> str:
        """How it ended, in one line."""
        report = self.report
        match report.verdict:
            case "moved":
                return f"Moved: {', '.join(SHOWN[name].name for name in report.moved)}"
            case "steady":
                return "No drift"
            case "too few":
                return f"Too few images: {report.images} of {report.least_images}"
            case _:
                return f"Model v{report.version} has no reference"

    @property
    def detail(self) -> str:
        """What was compared with what, or why not."""
        report = self.report
        images = f"{counted(report.images, 'image')} since {report.since}"
        others = f" ({report.others:,} more by other models)" if report.others else ""
        if report.verdict == "no reference":
            return f"It was promoted before references were kept; train again to get one. {images}{others}."
        reference = counted(report.reference_images, "image")
        return f"Model v{report.version}: {images}{others}, against {reference} that it did not learn from."

    @property
    def retrain(self) -> str:
        """The command that trains again once new pairs are pushed; empty without an alarm."""
        names = ", ".join(SHOWN[name].name for name in self.report.moved)
        return shlex.join(["wms", "pipeline", "run", "--reason", f"drift: {names}"]) if names else ""

    @property
    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """A line for each measure: name, state, index, distance, chance."""
        return [
            (
                SHOWN[each.name].name,
                each.state,
                f"{each.psi:.3f}",
                f"{each.distance:.3f}",
                f"{each.chance:.2g}",
            )
            for each in self.report.measures
        ]

    @property
    def shown(self) -> list[tuple[str, str, list[tuple[str, str, str, str]]]]:
        """Of each measure the name, the unit, and its histogram; those that moved come first."""
        ordered = sorted(self.report.measures, key=lambda each: each.name not in self.report.moved)
        return [(SHOWN[each.name].name, SHOWN[each.name].unit, list(_histogram(each))) for each in ordered]


def drift_lines(report: DriftReport) -> Iterator[str]:
    """The report for a terminal."""
    view = DriftView(report)
    yield view.headline
    yield f"  {view.detail}"
    for name, unit, histogram in view.shown:
        state, psi, distance, chance = next(row[1:] for row in view.rows if row[0] == name)
        yield ""
        yield f"{name}: {state}  (PSI {psi}, KS {distance}, by chance {chance})"
        for below, reference, service, bar in histogram:
            yield f"  {below:>12} {unit:<14} {reference:>5} {service:>5}  {bar}".rstrip()
    if view.retrain:
        yield ""
        yield "Label some of the new photographs, then:"
        yield "  wms data push FOLDER"
        yield f"  {view.retrain}"


def drift_body(report: DriftReport) -> str:
    """The report as Markdown: the text of an issue, or a job summary."""
    return render("drift", view=DriftView(report))


def write_drift_page(report: DriftReport, to: Path) -> None:
    """Write the report as one HTML file."""
    page = page_environment().get_template("drift.html.jinja").render(view=DriftView(report))
    write_bytes(to, page.encode())


def _histogram(measure: MeasureDrift) -> Iterator[tuple[str, str, str, str]]:
    """Of each group its upper edge, the reference's share, the service's share, and a bar of the latter."""
    for group in measure.groups:
        edge = "above" if group.below is None else f"< {SHOWN[measure.name].form.format(group.below)}"
        yield edge, f"{group.reference:.0%}", f"{group.service:.0%}", "█" * round(BAR * group.service)
