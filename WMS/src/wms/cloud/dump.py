"""Whether the node left a dump of MLflow's database when it last stopped."""

from __future__ import annotations

from wms.core.records.lease_book import CLOCK_TOLERANCE, LeaseBook
from wms.core.records.node import NodeReport

REMEDY = (
    "On the node, `journalctl --unit wms-backup-on-stop` says what failed, and `sudo systemctl start "
    "wms-backup.service` makes a dump. The database itself is on the data volume."
)


def missing_dump(book: LeaseBook, report: NodeReport) -> str:
    """What is wrong with the dumps, as the node's report saw them; empty if nothing is.

    Every stop makes a dump, so the newest must be of the last session that ended before the boot of the
    report, or later.
    """
    ended = [session for session in book.sessions if session.ended_at <= report.booted_at]
    if not ended:
        return ""
    since = max(session.started_at for session in ended)
    if report.dumped_at is None:
        return f"no dump of MLflow's database was ever stored, although the instance ran on {since:%Y-%m-%d}"
    if report.dumped_at + CLOCK_TOLERANCE < since:
        return (
            f"the last dump of MLflow's database is of {report.dumped_at:%Y-%m-%d %H:%M} UTC: the instance "
            f"ran since {since:%Y-%m-%d %H:%M} UTC and left none"
        )
    return ""
