"""What is left costs what the price pages say."""

from __future__ import annotations

import pytest

from wms.core.records.leftover import KeepingPrices, Leftover

PRICES = KeepingPrices(
    volume_gib_month=0.08, snapshot_gib_month=0.05, bucket_gib_month=0.023, address_hour=0.005
)


@pytest.mark.parametrize(
    ("item", "usd"),
    [
        (Leftover(kind="volume", id="vol-1", size_gib=20), 1.60),
        (Leftover(kind="bucket", id="data", size_gib=10), 0.23),
        (Leftover(kind="snapshot", id="snap-1", size_gib=20), 1.00),
        (Leftover(kind="address", id="192.0.2.1"), 3.65),
        (Leftover(kind="instance", id="i-1"), 0.0),
    ],
)
def test_a_month_has_its_price(item: Leftover, usd: float) -> None:
    assert item.usd_per_month(PRICES) == pytest.approx(usd)
