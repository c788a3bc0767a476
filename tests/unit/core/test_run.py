from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BRANCH, NOW, git_sha, make_request
from wms.core.records.dataset import BranchHead
from wms.core.records.run import RunOptions, RunState, new_run_id, outdated, started_at

HEADS = (BranchHead(name=BRANCH, sha=git_sha("branch")),)


def test_a_run_id_tells_time_and_content() -> None:
    run_id = new_run_id(base_sha=git_sha("main"), branches=HEADS, now=NOW)
    assert run_id.startswith("20261123-084500-")
    assert run_id == new_run_id(base_sha=git_sha("main"), branches=HEADS, now=NOW)


@pytest.mark.parametrize(
    ("base_sha", "branches"),
    [
        (git_sha("main, moved"), HEADS),
        (git_sha("main"), ()),
        (git_sha("main"), (BranchHead(name=BRANCH, sha=git_sha("branch, moved")),)),
        (git_sha("main"), (BranchHead(name="data/other", sha=git_sha("branch")),)),
    ],
)
def test_runs_on_other_content_have_other_ids(base_sha: str, branches: tuple[BranchHead, ...]) -> None:
    ours = new_run_id(base_sha=git_sha("main"), branches=HEADS, now=NOW)
    assert new_run_id(base_sha=base_sha, branches=branches, now=NOW) != ours


@given(
    times=st.lists(
        st.datetimes(
            min_value=datetime(2020, 1, 1),  # noqa: DTZ001
            max_value=datetime(2099, 1, 1),  # noqa: DTZ001
            timezones=st.integers(-12, 12).map(lambda hours: timezone(timedelta(hours=hours))),
        ),
        min_size=2,
        max_size=2,
    )
)
def test_ids_sort_by_time_whatever_the_time_zone(times: list[datetime]) -> None:
    earlier, later = sorted(times)
    if later - earlier >= timedelta(seconds=1):
        ids = [new_run_id(base_sha=git_sha("main"), branches=HEADS, now=now) for now in (earlier, later)]
        assert ids == sorted(ids)


def test_a_request_knows_a_start_that_asks_the_same() -> None:
    request = make_request(branches=HEADS)
    assert request.asks_for((BRANCH,), RunOptions())
    assert not request.asks_for((), RunOptions())
    assert not request.asks_for((BRANCH, "data/other"), RunOptions())
    assert not request.asks_for((BRANCH,), RunOptions(quarantine=True))
    assert not request.asks_for((BRANCH,), RunOptions(train_overrides={"epochs": 3}))


def test_setting_one_job_keeps_the_others_and_the_old_state() -> None:
    before = RunState(run_id="run-1").with_job("data", "done")
    after = before.with_job("train", "failed").with_job("train", "done")
    assert after.jobs == {"data": "done", "train": "done"}
    assert before.jobs == {"data": "done"}


def test_only_a_job_that_ended_well_is_done() -> None:
    run = RunState(run_id="run-1", jobs={"train": "failed"})
    assert not run.done("train")
    assert not run.done("data")
    assert run.with_job("train", "done").done("train")


RUNS = ("20261101-000000-aaaaaa", "20261110-000000-bbbbbb", "20261120-000000-cccccc")


def test_a_run_says_by_its_name_when_it_started() -> None:
    run_id = new_run_id(base_sha=git_sha("main"), branches=(), now=NOW)
    assert started_at(run_id) == NOW.replace(microsecond=0)


@pytest.mark.parametrize(
    ("keep", "days", "gone"),
    [(3, 30, ()), (2, 30, RUNS[:1]), (1, 30, RUNS[1::-1]), (3, 15, RUNS[:1]), (1, 1, RUNS[::-1])],
)
def test_what_is_too_old_or_too_many_is_outdated(keep: int, days: int, gone: tuple[str, ...]) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert outdated(RUNS, now=now, keep=keep, days=days) == gone


def test_what_is_not_a_run_of_ours_is_never_outdated() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    assert outdated(["somebody-else", "99999999-999999-000000"], now=now, keep=1, days=1) == ()
