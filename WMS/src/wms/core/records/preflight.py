"""Answers to the questions that are asked before a run costs money."""

from __future__ import annotations

from collections.abc import Callable

from wms.core.errors import WmsError
from wms.core.records.base import Frozen, Record


class PreflightLine(Frozen):
    """One question: what was asked, whether the answer is good, what was found, and what to do if not.

    A `degraded` line lets a run start, and says what the run does without.
    """

    what: str
    ok: bool
    degraded: bool = False
    result: str
    remedy: str = ""


class PreflightReport(Record):
    """All answers; every question is asked, whatever the answers to the others."""

    lines: tuple[PreflightLine, ...]

    @property
    def ok(self) -> bool:
        """Whether a run may start."""
        return all(line.ok for line in self.lines)


def ask(what: str, question: Callable[[], str]) -> PreflightLine:
    """Ask one question; a WmsError is an answer too."""
    try:
        return PreflightLine(what=what, ok=True, result=question())
    except WmsError as error:
        return PreflightLine(what=what, ok=False, result=str(error), remedy=error.remedy)
