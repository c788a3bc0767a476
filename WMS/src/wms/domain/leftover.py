"""What an environment leaves behind, and what that costs."""

from __future__ import annotations

from typing import Literal

from wms.domain.records import Frozen

MONTHLY_USD = {"volume": 0.08, "bucket": 0.023, "snapshot": 0.05}
"""A GiB a month in us-east-1: gp3 volumes, S3 standard, EBS snapshots (AWS's price pages, 2026)."""

ADDRESS_MONTHLY_USD = 3.65
"""A public IPv4 address for 730 hours at $0.005, used or not (AWS's VPC price page, 2026)."""

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
            return ADDRESS_MONTHLY_USD
        return MONTHLY_USD.get(self.kind, 0.0) * self.size_gib
