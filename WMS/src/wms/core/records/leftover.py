"""What is paid for whether an instance runs or not: what an environment keeps, and what it leaves behind."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeFloat

from wms.core.records.base import Frozen

HOURS_A_MONTH = 730

Kind = Literal["instance", "volume", "snapshot", "address", "bucket"]


class KeepingPrices(Frozen):
    """US dollars for a GiB a month, and for a public IPv4 address an hour; of one region."""

    volume_gib_month: NonNegativeFloat
    snapshot_gib_month: NonNegativeFloat
    bucket_gib_month: NonNegativeFloat
    address_hour: NonNegativeFloat


class Leftover(Frozen):
    """One thing that is still there. The price of a running instance is not part of it."""

    kind: Kind
    id: str
    note: str = ""
    size_gib: float = 0.0

    def usd_per_month(self, prices: KeepingPrices) -> float:
        """What keeping it costs; the disk of an instance is listed as a volume of its own."""
        if self.kind == "instance":
            return 0.0
        if self.kind == "address":
            return prices.address_hour * HOURS_A_MONTH
        return float(getattr(prices, f"{self.kind}_gib_month")) * self.size_gib
