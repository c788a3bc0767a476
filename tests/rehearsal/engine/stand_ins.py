"""Finds the stand-in for what a step uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rehearsal.engine.actions.base import Action, UnknownActionError, name_of
from rehearsal.engine.workflow import Step


@dataclass(frozen=True, kw_only=True)
class StandIns:
    """Actions by name; one for a local path (`./.github/actions/x`) takes the place of the file."""

    actions: Mapping[str, Action]

    def find(self, uses: str) -> Action | None:
        """The stand-in, or `None` for a local action that is executed as it is.

        Raises:
            UnknownActionError: there is none.
        """
        name = name_of(uses)
        if name in self.actions:
            return self.actions[name]
        if uses.startswith("./"):
            return None
        raise UnknownActionError(f"{uses} has no stand-in; there are: {', '.join(sorted(self.actions))}")

    def check(self, steps: Iterable[Step]) -> None:
        """See before a job starts that everything it uses is known, as GitHub downloads all actions first."""
        for step in steps:
            if step.uses:
                try:
                    self.find(step.uses)
                except UnknownActionError as error:
                    raise UnknownActionError(f"{step.where}: {error}") from None
