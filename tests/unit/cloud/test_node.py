"""Waiting for the node: what it says decides, and its silence is bounded."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from wms.cloud.node import NODE_WAIT, await_node
from wms.core.errors import ComputeError
from wms.core.records.node import ARTIFACTS, NodeCheck, NodeReport

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WELL = NodeCheck(what="Parameter Store", ok=True, result="answers")


def report(stage: str, *, booted_at: datetime = NOW, why: str = "", **bad: str) -> NodeReport:
    refused = [NodeCheck(what=what.replace("_", " "), ok=False, result=said) for what, said in bad.items()]
    return NodeReport(
        stage=stage,
        why=why,
        boot_id="one",
        booted_at=booted_at,
        reported_at=booted_at + MINUTE,
        checks=(WELL, *refused),
        versions={},
    )


@dataclass
class Scripted:
    """A node that was started at `NOW` and says one thing after the other, the last one for ever."""

    says: list[NodeReport | None]
    waited: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def started_at(self) -> datetime:
        return NOW

    def report(self) -> NodeReport | None:
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    def now(self) -> datetime:
        return NOW + timedelta(seconds=sum(self.waited))

    def ready(self, *, earlier: str | None = None) -> NodeReport:
        return await_node(
            node=self, clock=self.now, earlier=earlier, say=self.said.append, sleep=self.waited.append
        )


def test_it_waits_until_this_boot_is_ready() -> None:
    old = report("ready", booted_at=NOW - 60 * MINUTE)
    node = Scripted([None, old, report("booting"), report("ready")])
    assert node.ready() == report("ready")
    assert len(node.waited) == 3


def test_clocks_may_differ_a_little() -> None:
    early = report("ready", booted_at=NOW - MINUTE)
    assert Scripted([early]).ready() == early


def test_a_boot_that_failed_a_minute_before_the_start_is_not_taken_for_this_one() -> None:
    before = report("failed", booted_at=NOW - MINUTE, why="no image")
    after = report("ready").model_copy(update={"boot_id": "two"})
    assert Scripted([before, after]).ready(earlier="one") == after
    # Without an instance that was off before, nobody can tell: clocks may differ that much.
    with pytest.raises(ComputeError, match="no image"):
        Scripted([before, after]).ready()


def test_what_the_boot_waits_for_is_told_once_and_is_in_the_error() -> None:
    waiting = report("booting", why="waiting for the image s3://data/one")
    node = Scripted([waiting, waiting, waiting, report("ready")])
    node.ready()
    assert node.said == ["the node is waiting for the image s3://data/one"]
    with pytest.raises(
        ComputeError, match="10 minutes the node is still waiting for the image s3://data/one"
    ):
        Scripted([waiting]).ready()


def test_a_node_that_gave_up_is_an_error_with_its_own_words() -> None:
    gave_up = report("failed", why="the data volume did not appear", MLflow="no answer")
    with pytest.raises(
        ComputeError, match="gave up: the data volume did not appear; MLflow: no answer"
    ) as told:
        Scripted([gave_up]).ready()
    assert told.value.exit_code == 57


def test_what_does_not_work_is_named_before_the_boot_has_ended() -> None:
    node = Scripted([report("booting", Parameter_Store="AccessDenied")])
    with pytest.raises(ComputeError, match="Parameter Store: AccessDenied"):
        node.ready()
    assert node.waited == []


def test_denied_artifacts_do_not_stop_a_run() -> None:
    denied = report("ready", artifacts_bucket="AccessDenied")
    assert [check.what for check in Scripted([denied]).ready().refused] == [ARTIFACTS]


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (None, "it never did"),
        (report("ready", booted_at=NOW - 60 * MINUTE), "its last report is of 2026-11-23 07:01 UTC"),
        (report("booting"), "MLflow on it did not answer"),
    ],
)
def test_silence_is_bounded_and_told_from_a_slow_start(last: NodeReport | None, said: str) -> None:
    node = Scripted([last])
    with pytest.raises(ComputeError, match=said):
        node.ready()
    assert NODE_WAIT <= timedelta(seconds=sum(node.waited)) < NODE_WAIT + MINUTE
