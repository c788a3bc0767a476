"""What an environment on AWS needs, row by row: what was found, and what to do."""

from __future__ import annotations

from wms.core.records.base import Record
from wms.core.records.github_doctor import Row


class InfraDiagnosis(Record):
    """Everything that an environment on AWS needs, from this machine's programs to the node's report."""

    environment: str
    rows: tuple[Row, ...]

    @property
    def missing(self) -> tuple[Row, ...]:
        """What must be fixed before a run can work."""
        return tuple(row for row in self.rows if row.result == "missing")
