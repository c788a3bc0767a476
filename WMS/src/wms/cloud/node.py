"""Wait until the node says that everything on it works, MLflow included."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from wms.core.cloud_ports import Node
from wms.core.errors import Code, ComputeError
from wms.core.records.node import NodeCheck, NodeReport

NODE_WAIT = timedelta(minutes=10)
"""A first boot takes some four minutes, of which EC2's own checks have passed already."""

POLL_SECONDS = 5.0


def await_node(
    *, node: Node, clock: Callable[[], datetime], sleep: Callable[[float], None] = time.sleep
) -> NodeReport:
    """Wait for a report of this boot that says `ready`.

    The report lists what failed and a run can do without; every other failure is an error.

    Raises:
        ComputeError: the node gave up, something on it does not work, or it said nothing in time.
    """
    give_up_at = clock() + NODE_WAIT
    started_at = node.started_at()
    while True:
        report = node.report()
        if report is not None and report.since(started_at):
            if report.stage == "failed":
                raise ComputeError(f"the node gave up: {report.why}{_list(report.refused)}", Code.NODE)
            if report.needed:
                raise ComputeError(f"something does not work on the node{_list(report.needed)}", Code.NODE)
            if report.stage == "ready":
                return report
        if clock() >= give_up_at:
            raise ComputeError(_silence(report, started_at), Code.NODE)
        sleep(POLL_SECONDS)


def _silence(report: NodeReport | None, started_at: datetime) -> str:
    waited = f"{NODE_WAIT.total_seconds() / 60:.0f} minutes"
    if report is None or not report.since(started_at):
        last = f"its last report is of {report.reported_at:%Y-%m-%d %H:%M} UTC" if report else "it never did"
        return (
            f"the node has said nothing in {waited}, since its start at {started_at:%H:%M} UTC ({last}): "
            "its boot ended before the report, or its role may not write to lease/ in the data bucket"
        )
    return f"the node is up and MLflow on it did not answer in {waited}"


def _list(checks: Sequence[NodeCheck]) -> str:
    return "".join(f"; {check.what}: {check.result}" for check in checks)
