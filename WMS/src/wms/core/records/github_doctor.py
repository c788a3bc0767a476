"""What a run needs of a repository on GitHub, row by row: what was found, and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from wms.core.records.base import Frozen, Record
from wms.core.records.github_setup import Unseen

T = TypeVar("T")
Result = Literal["ok", "warning", "missing", "not visible"]


class Verdict(Frozen):
    """What was found, and what to do about it.

    `missing` stops a run; a `warning` costs something else.
    """

    result: Result
    found: str
    remedy: str = ""


def ok(found: str) -> Verdict:
    """All is well."""
    return Verdict(result="ok", found=found)


def warning(found: str, remedy: str) -> Verdict:
    """A run works without it."""
    return Verdict(result="warning", found=found, remedy=remedy)


def missing(found: str, remedy: str) -> Verdict:
    """A run does not work without it."""
    return Verdict(result="missing", found=found, remedy=remedy)


def unseen(value: Unseen) -> Verdict:
    """GitHub does not show it to this token."""
    return Verdict(result="not visible", found=value.why)


class Row(Verdict):
    """One thing that was checked."""

    area: str
    name: str


class Diagnosis(Record):
    """Everything that a run needs on GitHub."""

    repository: str
    rows: tuple[Row, ...]

    @property
    def missing(self) -> tuple[Row, ...]:
        """What must be fixed before a run can work."""
        return tuple(row for row in self.rows if row.result == "missing")


def row(area: str, name: str, verdict: Verdict) -> Row:
    """A verdict as a row."""
    return Row(area=area, name=name, **verdict.model_dump())


def judged(area: str, name: str, value: T | Unseen, judge: Callable[[T], Verdict]) -> Row:
    """A value judged; what GitHub does not show is `not visible` and never counts as ok."""
    return row(area, name, unseen(value) if isinstance(value, Unseen) else judge(value))
