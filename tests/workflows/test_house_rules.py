"""Rules of this project that neither zizmor nor the schema of workflow files knows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from rehearsal.engine.filters import push_starts
from wms.cli.app import root
from wms.core.records.promotion import GENERATED_PATHS, METADATA_PATH
from workflows.files import ACTIONS, PIPELINE, ROOT, WORKFLOWS, commands, jobs, load, steps

FILES = [*WORKFLOWS, *ACTIONS]
ALL_STEPS = [
    pytest.param(step, id=f"{path.parent.name}/{path.name}:{number}")
    for path in FILES
    for number, step in enumerate(steps(path))
]
ALL_JOBS = [
    pytest.param(job, id=f"{path.name}:{name}") for path in WORKFLOWS for name, job in jobs(path).items()
]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_no_permissions_that_no_job_asks_for(path: Path) -> None:
    assert load(path)["permissions"] == {}


@pytest.mark.parametrize("job", ALL_JOBS)
def test_every_job_ends_in_time(job: dict[str, Any]) -> None:
    assert "uses" in job or 1 <= job["timeout-minutes"] <= 360


@pytest.mark.parametrize("step", ALL_STEPS)
def test_a_run_block_is_short(step: dict[str, Any]) -> None:
    script = step.get("run", "")
    assert len(script.splitlines()) <= 3
    assert "<<" not in script


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_beside_a_pin_stands_its_version(path: Path) -> None:
    pinned = [line for line in path.read_text().splitlines() if re.search(r"uses: \S+@", line)]
    assert [line for line in pinned if not re.search(r"# v\d+\.\d+\.\d+$", line)] == []


def test_one_action_has_one_pin() -> None:
    pins: dict[str, set[str]] = {}
    for path in FILES:
        for step in steps(path):
            if "@" in step.get("uses", ""):
                action, sha = step["uses"].split("@")
                pins.setdefault(action, set()).add(sha)
    assert {action: shas for action, shas in pins.items() if len(shas) > 1} == {}


def test_what_changes_production_waits_in_one_group_and_nothing_else_does() -> None:
    groups = {path.name: load(path).get("concurrency", {}) for path in WORKFLOWS}
    waiting = {name: each for name, each in groups.items() if "wms-pipeline" in each.get("group", "")}
    assert set(waiting) == {"training-data-pipeline.yaml", "rollback.yml"}
    assert {each["queue"] for each in waiting.values()} == {"max"}


def test_what_runs_on_the_node_is_stored_by_main_alone() -> None:
    (job,) = jobs(PIPELINE.with_name("mlflow-image.yml")).values()
    assert "github.ref == 'refs/heads/main'" in job["if"]
    takers = [path.name for path in WORKFLOWS if "AWS_IMAGES_ROLE_ARN" in path.read_text()]
    assert takers == ["mlflow-image.yml"]


@pytest.mark.parametrize("files", [GENERATED_PATHS, (METADATA_PATH,)], ids=["promotion", "rollback"])
def test_no_run_of_a_generated_pull_request_waits_for_somebody_s_approval(files: tuple[str, ...]) -> None:
    """A run that waits shows a button; clicked, it adds a second required `ci` to a merged commit."""
    triggers = {path.name: load(path)[True] for path in WORKFLOWS}
    started = [
        name
        for name, each in triggers.items()
        if isinstance(each, dict)
        and "pull_request" in each
        and push_starts(each["pull_request"] or {}, branch="main", paths=files)
    ]
    assert started == []


LINES = {line for path in FILES for line in commands({"steps": steps(path)})}
WMS_CALLS = sorted(line for line in LINES if line.startswith("wms "))


@pytest.mark.parametrize("line", WMS_CALLS)
def test_every_call_of_the_program_parses(line: str) -> None:
    words = line.split(" >> ")[0].replace('"$ACTION"', "status").replace('"$TTL"', "1h").split()[1:]
    context = click.Context(root)
    command: click.Command = root
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(context, words)
        assert command is not None, line
        context = click.Context(command, parent=context, info_name=name)
    required = {"--workflow-sha": "0" * 40} if command.name == "start" else {}
    command.make_context(command.name, [*words, *(part for pair in required.items() for part in pair)])


def test_the_pipelines_actions_are_those_of_this_repository() -> None:
    for path in WORKFLOWS:
        for step in steps(path):
            if step.get("uses", "").startswith("./"):
                assert (ROOT / step["uses"] / "action.yml").is_file()
