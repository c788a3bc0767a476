"""A session that left no dump is told; what came later, or never, is told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clouds import node_report
from wms.cloud.dump import missing_dump
from wms.core.records.lease_book import LeaseBook, Session

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RAN = Session(started_at=NOW - 10 * HOUR, ended_at=NOW - 8 * HOUR)
"""The last session that ended before the boot of the report, at `NOW`."""


@pytest.mark.parametrize(
    ("dumped_at", "sessions", "says"),
    [
        (None, (), ""),
        (None, (RAN,), "no dump of MLflow's database was ever stored"),
        (NOW - 20 * HOUR, (RAN,), "is of 2026-11-22 12:00 UTC: the instance ran since 2026-11-22 22:00 UTC"),
        (NOW - 8 * HOUR, (RAN,), ""),
        (NOW - 8 * HOUR, (RAN, Session(started_at=NOW, ended_at=NOW + HOUR)), ""),
    ],
    ids=["never ran", "never dumped", "dumped before it ran", "dumped", "the session of this boot"],
)
def test_the_last_session_must_have_left_a_dump(
    dumped_at: datetime | None, sessions: tuple[Session, ...], says: str
) -> None:
    report = node_report("ready").model_copy(update={"booted_at": NOW, "dumped_at": dumped_at})
    said = missing_dump(LeaseBook(sessions=sessions), report)
    assert says in said
    assert bool(says) == bool(said)
