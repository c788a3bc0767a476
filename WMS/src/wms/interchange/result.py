"""What became of an import: a line for each photograph."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from wms.core.errors import ImageError
from wms.core.names import printable
from wms.core.records.base import Frozen
from wms.core.words import counted

_LISTED = 10
"""How many faults an error names."""


class Item(Frozen):
    """What became of one photograph, or of one file of an export.

    `pair` is its name among the pairs. `fault`: somebody must do something for it to be imported.
    """

    name: str
    outcome: Literal["imported", "left out"]
    pair: str | None = None
    fault: bool = False
    notes: tuple[str, ...] = ()


class Imported(Frozen):
    """The form that was recognised, the label that was taken, and what became of each photograph.

    `out` is the folder of the pairs, none of a dry run. `ignored` are files that systems left behind.
    """

    form: str
    title: str
    label: str
    out: Path | None
    items: tuple[Item, ...]
    ignored: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        """How many pairs there are."""
        return sum(item.outcome == "imported" for item in self.items)

    def require_all(self) -> None:
        """Check that nothing was left out by a fault.

        Raises:
            ImageError: lists the first of them.
        """
        faults = [item for item in self.items if item.fault]
        if faults:
            lines = [f"  {printable(item.name)}: {'; '.join(item.notes)}" for item in faults[:_LISTED]]
            more = [f"  and {len(faults) - _LISTED} more"] if len(faults) > _LISTED else []
            raise ImageError(
                "\n".join([f"{counted(len(faults), 'item')} could not be imported:", *lines, *more]),
                remedy="Correct them and import again, or go on with the pairs that were written.",
            )


def left_out(name: str, *notes: str, fault: bool = False) -> Item:
    """An item that is not among the pairs, and why."""
    return Item(name=name, outcome="left out", fault=fault, notes=notes)
