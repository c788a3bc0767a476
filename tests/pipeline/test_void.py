"""A published run that fails: what can never be merged is void, what may heal stays and is taken up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.conftest import publish_and_die, pushed
from pipeline.small import GOOD, write_small_pairs
from wms.core.context import Context
from wms.core.errors import DataStoreError, ForgeError, WmsError
from wms.core.files import read_record, write_bytes
from wms.core.production import main_head, metadata_at
from wms.core.records.promotion import Promotion, promotion_branch
from wms.run.runner import run_pipeline


@pytest.fixture
def published(ctx: Context, tmp_path: Path) -> Context:
    """A workspace whose first run was killed after it had published."""
    publish_and_die(ctx, pushed(ctx, tmp_path / "one", seed=1))
    return ctx


def promotion_of(ctx: Context) -> Promotion:
    return read_record(ctx.layout.record("promotion"), Promotion)


def other_run(ctx: Context, tmp_path: Path) -> str | None:
    """Ask for a run on other data than the published one's."""
    folder = write_small_pairs(tmp_path / "two", count=26, seed=2)
    return run_pipeline(ctx, incoming=folder, options=GOOD).outcome


def foreign_commit(ctx: Context) -> None:
    repository, promotion = ctx.ports.repository, promotion_of(ctx)
    sha = repository.commit(promotion.commit_sha, {"x.txt": b"mine"}, message="A commit of somebody else")
    repository.push(sha, promotion.branch, expect=promotion.commit_sha)


def edited_decision(ctx: Context) -> None:
    path = ctx.layout.record("decision")
    decision = json.loads(path.read_text())
    decision["candidate"]["summary"]["dice"] = 0.99
    write_bytes(path, json.dumps(decision).encode())


def lost_report(ctx: Context) -> None:
    ctx.layout.record("evaluation").unlink()


def unreadable_promotion(ctx: Context) -> None:
    write_bytes(ctx.layout.record("promotion"), b"{")


def conflict(ctx: Context) -> None:
    repository = ctx.ports.repository
    head = main_head(repository)
    sha = repository.commit(head, {"dvc.lock": b"schema: '2.0'\n"}, message="A lock of somebody else")
    repository.push(sha, "main", expect=head)


def weights_blob(ctx: Context) -> Path:
    promotion = promotion_of(ctx)
    metadata = metadata_at(ctx.ports.repository, promotion.commit_sha)
    assert metadata is not None
    return ctx.ports.data_store._blob(metadata.weights_sha256)  # type: ignore[attr-defined]


def damaged_weights(ctx: Context) -> None:
    write_bytes(weights_blob(ctx), b"not what was stored")


def lost_weights(ctx: Context) -> None:
    weights_blob(ctx).unlink()


@pytest.mark.parametrize(
    "harm",
    [
        foreign_commit,
        edited_decision,
        lost_report,
        unreadable_promotion,
        conflict,
        damaged_weights,
        lost_weights,
    ],
)
def test_what_can_never_be_merged_does_not_stop_the_next_run(
    published: Context, harm: Callable[[Context], None], tmp_path: Path
) -> None:
    void = published.request.run_id
    harm(published)
    assert other_run(published, tmp_path) == "promoted"
    (pull, merged) = published.ports.forge.pull_requests(head_prefix="promote/", state="all")
    assert (pull.head, pull.state) == (promotion_branch(void), "closed")
    assert merged.state == "merged"
    assert len(published.ports.repository.branches("data/")) == 1


def test_the_closed_pull_request_says_why(published: Context, tmp_path: Path) -> None:
    foreign_commit(published)
    other_run(published, tmp_path)
    file = published.layout.state / "forge/pulls/1.json"
    (comment,) = json.loads(file.read_text())["comments"]
    assert "was published" in comment
    assert "Start a new run" in comment


def test_the_same_data_are_trained_on_anew(
    published: Context, written_training: Any, said: list[str]
) -> None:
    foreign_commit(published)
    names = [branch.name for branch in published.request.branches]
    assert run_pipeline(published, branches=names, options=GOOD).outcome == "promoted"
    assert written_training.calls == 2
    assert any("is void; pull request #1 is closed; its data branches stay" in line for line in said)


class Away:
    """A port of which one method does not answer."""

    def __init__(self, port: object, method: str, error: WmsError) -> None:
        self._port, self._method, self._error = port, method, error

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._port, name)

        def refuse(*_: object, **__: object) -> None:
            raise self._error

        return refuse


@pytest.mark.parametrize(
    ("port", "method", "error"),
    [
        ("forge", "merge", ForgeError("the forge does not answer")),
        ("forge", "pull_request", ForgeError("the forge does not answer")),
        ("data_store", "get_blob", DataStoreError("the remote does not answer")),
    ],
)
def test_what_may_heal_stops_other_runs_until_it_has(
    published: Context, port: str, method: str, error: WmsError, tmp_path: Path
) -> None:
    away = Away(getattr(published.ports, port), method, error)
    cut_off = replace(published, ports=replace(published.ports, **{port: away}))
    with pytest.raises(type(error), match="does not answer"):
        other_run(cut_off, tmp_path)
    (pull,) = published.ports.forge.pull_requests(head_prefix="promote/", state="all")
    assert pull.state == "open"
    other_run(published, tmp_path)
    assert published.ports.forge.pull_request(pull.number).state == "merged"


def test_a_forge_that_is_away_while_closing_leaves_the_run_to_be_closed_later(
    published: Context, tmp_path: Path
) -> None:
    foreign_commit(published)
    away = Away(published.ports.forge, "close", ForgeError("the forge does not answer"))
    with pytest.raises(ForgeError, match="does not answer"):
        other_run(replace(published, ports=replace(published.ports, forge=away)), tmp_path)
    assert other_run(published, tmp_path) == "promoted"
    assert published.ports.forge.pull_request(1).state == "closed"
