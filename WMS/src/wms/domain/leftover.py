"""What an environment leaves behind, and what that costs."""

from __future__ import annotations

from typing import Literal

from wms.domain.records import Frozen

MONTHLY_USD = {"volume": 0.08, "bucket": 0.023, "snapshot": 0.05}
"""A GiB a month in us-east-1: gp3 volumes, S3 standard, EBS snapshots (AWS's price pages, 2026)."""

ADDRESS_USD_PER_HOUR = 0.005
"""A public IPv4 address, used or not (AWS's VPC price page, 2026); the instance has one while it runs."""

HOURS_A_MONTH = 730

Kind = Literal["instance", "volume", "snapshot", "address", "bucket"]


class Leftover(Frozen):
    """One thing that is still there; a running instance's price depends on its type and is not said here."""

    kind: Kind
    id: str
    note: str = ""
    size_gib: float = 0.0

    @property
    def usd_per_month(self) -> float:
        """What keeping it costs; the disk of an instance is listed as a volume of its own."""
        if self.kind == "address":
            return ADDRESS_USD_PER_HOUR * HOURS_A_MONTH
        return MONTHLY_USD.get(self.kind, 0.0) * self.size_gib
