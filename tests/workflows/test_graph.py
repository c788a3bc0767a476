"""The workflow is the job graph: the same jobs, what they need, when they run, and what they run."""

from __future__ import annotations

import pytest

from wms.pipeline.graph import JOBS, Job
from workflows.files import PIPELINE, commands, jobs

YAML = jobs(PIPELINE)

BESIDE_THE_GRAPH = {
    "wms state load",
    "wms pipeline start",
    "wms infra tunnel --detach",
    'wms report --summary >> "$GITHUB_STEP_SUMMARY"',
    "wms pipeline follow-up",
}
"""How a run gets from machine to machine; on one machine `pipeline/runner.py` does that."""

PASSED_ON = "data"
"""Later jobs need this one for the commit that all check out, beside what the graph says."""


def needs(name: str) -> set[str]:
    needed = YAML[name].get("needs", [])
    return {needed} if isinstance(needed, str) else set(needed)


def condition(name: str) -> str:
    return str(YAML[name].get("if", ""))


def test_the_workflow_has_the_jobs_of_the_graph_and_no_others() -> None:
    assert list(YAML) == [job.name for job in JOBS]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_waits_for_what_the_graph_says(job: Job) -> None:
    if job.when == "always":
        assert needs(job.name) >= set(job.needs)
    else:
        assert needs(job.name) - {PASSED_ON} == set(job.needs) - {PASSED_ON}


@pytest.mark.parametrize("job", [job for job in JOBS if not job.forge_only], ids=lambda job: job.name)
def test_a_job_runs_the_commands_of_the_graph_in_order(job: Job) -> None:
    lines = [line for line in commands(YAML[job.name]) if line not in BESIDE_THE_GRAPH]
    assert [line.removesuffix(" --started") for line in lines] == list(job.commands)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_a_job_runs_when_the_graph_says(job: Job) -> None:
    said = condition(job.name)
    assert said.startswith("always()") == (job.when == "always")
    if job.name == "publish":
        assert said == "needs.gate.outputs.verdict == 'promote'"
    if job.when == "success":
        assert said in ("", "needs.data.outputs.next == 'train'")


@pytest.mark.parametrize("name", ["Terraform", "Tunnel to MLflow"])
def test_without_an_instance_nothing_that_belongs_to_one_is_done(name: str) -> None:
    steps = [step for job in YAML.values() for step in job.get("steps", []) if step.get("name") == name]
    wanted = "vars.WMS_ENVIRONMENT != '' && vars.WMS_WITHOUT_INSTANCE != 'true'"
    assert {step["if"] for step in steps} == {wanted}


def test_a_check_of_the_commit_and_a_merge_follow_a_publication_only() -> None:
    assert "needs.publish.outputs.commit || needs.data.outputs.commit" in condition("ci")
    assert "needs.ci.result" in condition("merge")


@pytest.mark.parametrize("job", [job for job in JOBS if not job.forge_only], ids=lambda job: job.name)
def test_every_job_works_on_the_same_code(job: Job) -> None:
    (ref,) = [step["with"]["ref"] for step in YAML[job.name]["steps"] if "checkout" in step.get("uses", "")]
    assert ref == ("main" if job.name == "data" else "${{ needs.data.outputs.code }}")
