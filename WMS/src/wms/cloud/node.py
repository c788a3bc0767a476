"""Wait until the node says that everything on it works, MLflow included."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from wms.core.cloud_ports import Node
from wms.core.errors import Code, ComputeError
from wms.core.records.node import NodeCheck, NodeReport

NODE_WAIT = timedelta(minutes=10)
"""A first boot takes some four minutes."""

POLL_SECONDS = 5.0

BOOT_AGAIN = (
    "Repair the cause, then let it boot again: `wms infra down`, and `wms infra up` once it is stopped. The "
    "node's log: `aws ssm start-session --target INSTANCE`, then `sudo journalctl --unit cloud-final`."
)


def await_node(
    *,
    node: Node,
    clock: Callable[[], datetime],
    earlier: str | None = None,
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> NodeReport:
    """Wait for a report of this boot that says `ready`; `say` is told once what the boot waits for.

    The report lists what failed and a run can do without; every other failure is an error. `earlier` is the
    boot that the report was of before the instance was started.

    Raises:
        ComputeError: the node gave up, something on it does not work, or it said nothing in time.
    """
    give_up_at = clock() + NODE_WAIT
    started_at = node.started_at()
    told, last = "", None
    while True:
        report = node.report()
        if report is not None and not report.since(started_at, earlier=earlier):
            last, report = report, None
        if report is not None:
            if report.stage == "failed":
                raise ComputeError(
                    f"the node gave up: {report.why}{_list(report.refused)}", Code.NODE, remedy=BOOT_AGAIN
                )
            if report.needed:
                raise ComputeError(f"something does not work on the node{_list(report.needed)}", Code.NODE)
            if report.stage == "ready":
                return report
            if report.why not in ("", told):
                told = report.why
                say(f"the node is {told}")
        if clock() >= give_up_at:
            raise ComputeError(_silence(report, last, started_at), Code.NODE)
        sleep(POLL_SECONDS)


def _silence(report: NodeReport | None, last: NodeReport | None, started_at: datetime) -> str:
    waited = f"{NODE_WAIT.total_seconds() / 60:.0f} minutes"
    if report is None:
        before = f"its last report is of {last.reported_at:%Y-%m-%d %H:%M} UTC" if last else "it never did"
        return (
            f"the node has said nothing in {waited}, since its start at {started_at:%H:%M} UTC ({before}): "
            "its boot ended before the report, or its role may not write to lease/ in the data bucket"
        )
    if report.why:
        return f"after {waited} the node is still {report.why}"
    return f"the node is up and MLflow on it did not answer in {waited}"


def _list(checks: Sequence[NodeCheck]) -> str:
    return "".join(f"; {check.what}: {check.result}" for check in checks)
