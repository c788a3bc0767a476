"""What the node reports of itself: only the node can find it out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from wms.core.records.base import Frozen, Record
from wms.core.records.lease_book import CLOCK_TOLERANCE

ARTIFACTS = "artifacts bucket"
"""The one check that a run can do without."""


class NodeCheck(Frozen):
    """One thing that was tried on the node, with its own role."""

    what: str
    ok: bool
    result: str


class NodeReport(Record):
    """`lease/node.json` in the data bucket, written by `devops/node/report` at every boot, more than once.

    `stage` is `booting` until MLflow answered, then `ready`; `failed` where the boot script gave up. `why` is
    the reason, or what the boot waits for. `versions` names what runs there, as far as it could be told.
    `dumped_at` is when the newest dump of MLflow's database was stored; `None` if there is none, or if a
    release of before did not say.
    """

    stage: Literal["booting", "ready", "failed"]
    why: str
    boot_id: str
    booted_at: AwareDatetime
    reported_at: AwareDatetime
    checks: tuple[NodeCheck, ...]
    versions: dict[str, str]
    dumped_at: AwareDatetime | None = None

    def since(self, started_at: datetime, *, earlier: str | None = None) -> bool:
        """Whether it is of the boot that followed a start; the two clocks may differ a little.

        `earlier` is the boot of the report that was there before the start, if the instance was off then.
        """
        if self.boot_id == earlier and self.booted_at < started_at:
            return False
        return self.booted_at + CLOCK_TOLERANCE >= started_at

    @property
    def refused(self) -> tuple[NodeCheck, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.ok)

    @property
    def needed(self) -> tuple[NodeCheck, ...]:
        """The part of it that every run needs."""
        return tuple(check for check in self.refused if check.what != ARTIFACTS)
