"""The commands of the job graph, typed one by one, against what the runner does with them."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipeline.conftest import make_small_workspace, open_small_workspace, pushed
from pipeline.small import GOOD, skilled, write_small_pairs
from pipeline.test_kill import end_state
from wms.cli.app import root
from wms.cloud.run_lease import TRAINING_TTL
from wms.core.context import Context
from wms.core.files import write_bytes, write_record
from wms.data.push import push_folder
from wms.run import graph
from wms.run.lock import only_run
from wms.run.runner import run_pipeline

COMMANDS = list(graph.COMMANDS)


def leaves(group: click.Group, path: str = "wms") -> dict[str, click.Command]:
    context, found = click.Context(group), {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = leaves(command, f"{path} {name}") if isinstance(command, click.Group) else {}
        found |= below or {f"{path} {name}": command}
    return found


@pytest.fixture
def ctx(typed_in: Context) -> Context:
    return typed_in


@pytest.fixture
def branch(ctx: Context, tmp_path: Path) -> str:
    return pushed(ctx, tmp_path / "one", seed=1)


def typed(line: str, *more: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(root, [*shlex.split(line)[1:], *more])
    assert result.exit_code == exit_code, f"{line}: {result.output}"
    return result


def walk(branch: str, *, upto: str = COMMANDS[-1], skill: int = 100) -> None:
    """Type the graph's commands in their order; `upto` is the last one."""
    for command in COMMANDS[: COMMANDS.index(upto) + 1]:
        typed(command, *([branch, "--seed", str(skill)] if command == "wms data merge" else []))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_graph_parses(command: str) -> None:
    words = shlex.split(command)
    name = " ".join(word for word in words if not word.startswith("-"))
    below = leaves(root)[name]
    below.make_context(name, words[len(name.split()) :])


def test_commands_typed_one_by_one_end_as_the_runner_does(
    ctx: Context, branch: str, tmp_path: Path, written_training: object
) -> None:
    walk(branch)
    make_small_workspace(tmp_path / "other")
    other = open_small_workspace(tmp_path / "other")
    push_folder(tmp_path / "one", repository=other.ports.repository)
    run_pipeline(other, branches=[branch], options=GOOD)
    assert end_state(ctx) == end_state(other)
    assert ctx.run_state.jobs == other.run_state.jobs
    assert ctx.run_state.outcome == other.run_state.outcome == "promoted"
    there, here = ({path.name for path in opened.layout.run.glob("*.json*")} for opened in (other, ctx))
    assert here == there


def test_the_runner_takes_up_what_was_typed(ctx: Context, branch: str, written_training) -> None:  # type: ignore[no-untyped-def]
    walk(branch, upto="wms evaluate")
    assert run_pipeline(ctx, branches=[branch], options=GOOD).outcome == "promoted"
    assert written_training.calls == 1


def test_a_job_typed_again_takes_back_those_after_it(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms gate")
    typed("wms train")
    assert set(ctx.run_state.jobs) == {"data", "train"}


def test_a_run_takes_the_lease_of_its_own_name(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms infra up --run")
    (lease,) = ctx.ports.leases.load()[0].leases
    assert (lease.holder, lease.purpose) == (ctx.request.run_id, "training")
    assert lease.expires_at - lease.acquired_at == TRAINING_TTL


def test_giving_back_a_runs_lease_leaves_a_persons(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms infra up --run")
    typed("wms infra up --holder ann")
    typed("wms infra down --run")
    assert [lease.holder for lease in ctx.ports.leases.load()[0].leases] == ["ann"]
    assert ctx.ports.compute.state() == "running"


def test_a_holder_and_the_run_are_not_both_meant(ctx: Context) -> None:
    assert "leave out --holder" in typed("wms infra up --run --holder ann", exit_code=2).output


FREE = {
    *("wms init", "wms demo", "wms predict", "wms serve", "wms pretrain", "wms data synth"),
    "wms data status",
    *("wms model list", "wms model show", "wms model pull", "wms model page", "wms model history"),
    *("wms infra preflight", "wms infra up", "wms infra down", "wms infra status", "wms infra reap"),
    *("wms data push", "wms github setup", "wms pipeline graph", "wms infra cost"),
    *("wms infra bootstrap", "wms infra apply", "wms infra destroy", "wms infra tunnel"),
    *("wms infra doctor", "wms data import", "wms data export", "wms data wanted", "wms drift report"),
    *("wms state list", "wms github doctor", "wms github fresh", "wms github selftest"),
}
"""What neither writes `run/` nor changes what is in production; the demo has a workspace of its own."""

WITH = {
    "wms pipeline start": f" --workflow-sha {'0' * 40}",
    "wms pipeline take": " artifacts",
    "wms state restore": " NAME",
}
"""What a command cannot be typed without."""

ONE_AT_A_TIME = [
    "wms infra up --run",
    "wms infra down --run",
    *(f"{command}{WITH.get(command, '')}" for command in sorted(set(leaves(root)) - FREE)),
]


@pytest.mark.parametrize("command", ONE_AT_A_TIME)
def test_only_one_command_works_on_the_run(
    ctx: Context, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ctx.layout.root)
    with only_run(ctx.layout, wait_seconds=0):
        assert "another command works on the run" in typed(command, exit_code=44).output


@pytest.mark.parametrize(
    "command", ["wms model reconcile --dry-run", "wms data status", "wms infra status", "wms model list"]
)
def test_looking_waits_for_nobody(ctx: Context, command: str) -> None:
    with only_run(ctx.layout, wait_seconds=0):
        typed(command)


@pytest.mark.parametrize("command", ["wms data merge", "wms data prepare"])
def test_a_new_run_over_an_unfinished_one_is_refused(ctx: Context, branch: str, command: str) -> None:
    walk(branch, upto="wms data split")
    run_id = ctx.request.run_id
    said = typed(command, exit_code=7).output
    assert f"wms pipeline run {branch} --set seed=100" in said
    assert "--abandon" in said
    assert ctx.request.run_id == run_id


def test_an_unfinished_run_is_given_up_where_that_is_said(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms infra up --run")
    run_id = ctx.request.run_id
    typed("wms data merge --abandon", branch)
    assert ctx.request.run_id != run_id
    assert ctx.ports.leases.load()[0].leases == ()
    assert ctx.ports.repository.branches("data/") == (branch,)


def test_a_published_run_is_not_given_up(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms publish")
    assert "published and not merged" in typed("wms data merge --abandon", branch, exit_code=7).output
    assert ctx.layout.record("promotion").is_file()


@pytest.mark.parametrize("command", ["wms data split", "wms train", "wms evaluate", "wms gate"])
def test_what_a_published_run_rests_on_is_not_made_anew(ctx: Context, branch: str, command: str) -> None:
    walk(branch, upto="wms publish")
    before = {path: path.read_bytes() for path in ctx.layout.run.glob("*.json")}
    assert "is published" in typed(command, exit_code=7).output
    assert {path: path.read_bytes() for path in ctx.layout.run.glob("*.json")} == before


def test_a_merged_run_makes_room(ctx: Context, branch: str, tmp_path: Path) -> None:
    walk(branch, upto="wms merge")
    typed("wms data merge", "--incoming", str(write_small_pairs(tmp_path / "two", count=5, seed=2)))
    assert not ctx.layout.record("promotion").is_file()


def test_a_held_run_makes_room(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms gate", skill=0)
    typed("wms data merge", branch)


def test_a_run_whose_data_were_refused_makes_room(ctx: Context, branch: str, tmp_path: Path) -> None:
    folder = write_small_pairs(tmp_path / "two", count=3, seed=2)
    write_bytes(folder / "images/lonely.png", (folder / "images/meter-2-000.png").read_bytes())
    typed("wms data merge", "--incoming", str(folder))
    typed("wms data validate", exit_code=10)
    typed("wms data merge", branch)


@pytest.fixture
def checked_out(ctx: Context, branch: str) -> Context:
    """A promoted dataset that is pulled, as `git pull && dvc pull` leaves it; the model can be bettered."""
    run_pipeline(ctx, branches=[branch], options=skilled(75))
    ctx.ports.repository.fetch()
    for path in ("WMS/data/manifest.jsonl", "WMS/data/training.dvc"):
        write_bytes(ctx.layout.root / path, ctx.ports.repository.read_file("main", path) or b"")
    pointer = (ctx.layout.root / "WMS/data/training.dvc").read_bytes()
    ctx.ports.data_store.fetch_dataset(pointer, ctx.layout.root / "WMS/data/training")
    return ctx


def test_a_repro_over_an_earlier_one_needs_no_asking(checked_out: Context) -> None:
    for command in ("wms data prepare", "wms train", "wms data prepare", "wms train", "wms evaluate"):
        typed(command)
    typed("wms data merge")


@pytest.mark.parametrize("command", ["wms publish", "wms publish --dry-run"])
def test_what_dvc_repro_made_is_judged_but_not_published(checked_out: Context, command: str) -> None:
    typed("wms data prepare")
    better = checked_out.request.model_copy(update={"options": GOOD})
    write_record(checked_out.layout.record("request"), better)
    for step in ("wms train", "wms evaluate"):
        typed(step)
    assert "promote" in typed("wms gate").output
    said = typed(command, exit_code=5).output
    assert "of `dvc repro`" in said
    assert "wms pipeline run" in said
    assert checked_out.run_state.outcome is None


def test_a_void_run_makes_room(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms publish")
    ctx.ports.forge.close(1, comment="No")
    typed("wms merge", exit_code=37)
    assert ctx.run_state.outcome == "void"
    typed("wms data merge", branch)


def test_a_run_whose_records_are_damaged_says_how_to_go_on(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms data split")
    write_bytes(ctx.layout.record("state"), b"{")
    assert f"Remove {ctx.layout.run}" in typed("wms data merge", branch, exit_code=5).output


@pytest.mark.parametrize("command", ["wms data split", "wms train", "wms merge"])
def test_a_step_without_a_run_says_how_to_start_one(ctx: Context, command: str) -> None:
    assert "wms data merge" in typed(command, exit_code=5).output


@pytest.mark.parametrize(("upto", "early"), [("wms data split", "wms publish"), ("wms gate", "wms merge")])
def test_a_command_typed_too_early_leaves_the_run_as_it_is(
    ctx: Context, branch: str, upto: str, early: str
) -> None:
    walk(branch, upto=upto)
    typed(early, exit_code=5)
    assert ctx.run_state.outcome is None
    assert run_pipeline(ctx, branches=[branch], options=GOOD).outcome == "promoted"


def test_a_held_run_that_is_published_by_mistake_stays_held(ctx: Context, branch: str) -> None:
    walk(branch, upto="wms gate", skill=0)
    assert "nothing to publish" in typed("wms publish", exit_code=5).output
    assert ctx.run_state.outcome != "void"
