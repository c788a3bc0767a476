"""The workflow is the job graph: what its jobs need, when they run, and what they run, in order."""

from __future__ import annotations

import pytest

from wms.run.graph import COMMANDS, JOBS
from workflows.files import PIPELINE, ROOT, commands, jobs, load

YAML = jobs(PIPELINE)
STAGES = load(ROOT / "dvc.yaml")["stages"]

BESIDE_THE_GRAPH = {
    "wms state load",
    "wms state save",
    "wms pipeline start",
    "wms infra tunnel --detach",
    'wms report --summary >> "$GITHUB_STEP_SUMMARY"',
    "wms pipeline follow-up",
}
"""How a run gets from machine to machine; on one machine `run/runner.py` does that."""

BESIDE_THE_GRAPH_JOBS = {"start", "infra-down", "ci", "merge"}
"""The push's own; and what is left to do after a runner that died, or where main never passed `ci`."""

SETTING_UP = [name for name in YAML if name not in ("start", "ci")]


def needs(name: str) -> set[str]:
    needed = YAML[name].get("needs", [])
    return {needed} if isinstance(needed, str) else set(needed)


def test_the_workflow_has_the_jobs_of_the_graph() -> None:
    assert set(YAML) - BESIDE_THE_GRAPH_JOBS == {job.workflow_job for job in JOBS}


@pytest.mark.parametrize("name", sorted({job.workflow_job for job in JOBS}))
def test_a_job_runs_the_commands_of_the_graph_in_order(name: str) -> None:
    lines = [line for line in commands(YAML[name]) if line not in BESIDE_THE_GRAPH]
    expected = [command.name for job in JOBS if job.workflow_job == name for command in job.commands]
    assert [line.removesuffix(" --started") for line in lines] == expected


@pytest.mark.parametrize("name", sorted({job.workflow_job for job in JOBS}))
def test_a_job_waits_for_what_the_graph_says(name: str) -> None:
    home = {job.name: job.workflow_job for job in JOBS}
    wanted = {home[need] for job in JOBS if job.workflow_job == name for need in job.needs} - {name}
    assert needs(name) >= wanted


def test_dvc_repro_runs_commands_of_the_graph_in_its_order() -> None:
    first, *stages = [stage["cmd"] for stage in STAGES.values()]
    assert first == "wms data prepare"  # in the place of the data job
    assert stages == [name for name in COMMANDS if name in stages]


def test_what_a_runner_that_died_leaves_running_is_stopped() -> None:
    assert commands(YAML["infra-down"]) == ["wms infra down --run"]
    assert YAML["infra-down"]["if"].startswith("always()")


def test_after_ci_the_same_is_merged_as_without_it() -> None:
    merging = [each.name for job in JOBS if job.name in ("merge", "release") for each in job.commands]
    assert commands(YAML["merge"]) == merging


def test_the_report_is_made_whatever_happened() -> None:
    assert YAML["report"]["if"].startswith("always()")
    assert needs("report") == set(YAML) - {"start", "report"}


def test_the_instance_is_given_back_whatever_happened() -> None:
    (step,) = [step for step in YAML["train"]["steps"] if step.get("run") == "wms infra down --run"]
    assert step["if"].startswith("always()")


def test_a_push_starts_branches_alone_and_can_do_nothing_but_ask_for_a_run_on_main() -> None:
    assert load(PIPELINE)[True]["push"] == {
        "branches": ["data/**"]
    }  # With `branches` alone no tag starts it.
    start = YAML["start"]
    assert start["if"] == "github.event_name == 'push' && !github.event.deleted"
    assert start["permissions"] == {"actions": "write"}
    assert [set(step) for step in start["steps"]] == [{"run"}]
    assert YAML["data"]["if"] == "github.event_name == 'workflow_dispatch'"


@pytest.mark.parametrize("name", ["Terraform", "Tunnel to MLflow"])
def test_without_an_instance_nothing_that_belongs_to_one_is_done(name: str) -> None:
    steps = [step for job in YAML.values() for step in job.get("steps", []) if step.get("name") == name]
    wanted = "vars.WMS_ENVIRONMENT != '' && vars.WMS_WITHOUT_INSTANCE != 'true'"
    assert {step["if"] for step in steps} == {wanted}


@pytest.mark.parametrize("name", SETTING_UP)
def test_every_job_works_on_the_same_code(name: str) -> None:
    (ref,) = [step["with"]["ref"] for step in YAML[name]["steps"] if "checkout" in step.get("uses", "")]
    assert ref == ("main" if name == "data" else "${{ needs.data.outputs.code }}")


@pytest.mark.parametrize("name", SETTING_UP)
def test_only_the_training_installs_pytorch(name: str) -> None:
    (setup,) = [step for step in YAML[name]["steps"] if step.get("uses", "").endswith("setup-wms")]
    assert ("train" in setup.get("with", {}).get("extras", "")) == (name == "train")
