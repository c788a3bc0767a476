"""Runs one job of a workflow on a fresh machine."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.actions.base import Services
from rehearsal.engine.commands import Annotation
from rehearsal.engine.frame import Frame
from rehearsal.engine.hooks import Phase, Watch
from rehearsal.engine.log import Masks
from rehearsal.engine.node import WorkflowError
from rehearsal.engine.permissions import Permissions
from rehearsal.engine.process import kill_tracked
from rehearsal.engine.results import Conclusion, JobResult, Named, StepResult
from rehearsal.engine.runner import Folders, Runner
from rehearsal.engine.scope import Scope
from rehearsal.engine.stand_ins import StandIns
from rehearsal.engine.steps import run_steps
from rehearsal.engine.workflow import Job, Tree
from rehearsal.engine.world import World

DEFAULT_MINUTES = 360


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """A job that is to be run now."""

    job: Job
    name: str
    scope: Scope
    permissions: Permissions
    secrets: Mapping[str, str]
    survives_cancellation: bool
    workflow_env: Tree
    workflow_defaults: Mapping[str, Tree]


def run_job(order: JobOrder, world: World, watch: Watch) -> JobResult:
    """Run a job's steps and evaluate its outputs.

    Raises:
        RunnerDied: a watcher let the machine vanish; nothing that it had started lives on.
    """
    stand_ins = StandIns(actions=world.actions)
    stand_ins.check(order.job.steps)
    token = world.tokens.make(run_id=watch.run.id, job=order.name, permissions=order.permissions)
    runner = _runner(order, world, watch, token)
    try:
        return _run(order, world, runner, stand_ins)
    finally:
        kill_tracked(runner.tracking)
        world.tokens.end(token)


def _runner(order: JobOrder, world: World, watch: Watch, token: str) -> Runner:
    safe = order.name.replace("/", "--")
    folders = Folders.make(
        world.root / "runs" / f"{watch.run.number}.{watch.run.attempt}" / safe, world.repository
    )
    github: Mapping[str, Any] = {
        **order.scope.contexts["github"],  # type: ignore[dict-item]
        "job": order.job.id,
        "token": token,
        "workspace": str(folders.workspace),
    }
    event = folders.temp / "_github_workflow/event.json"
    event.parent.mkdir()
    event.write_text(json.dumps(github["event"], indent=2))
    return Runner(
        watch=watch,
        job=order.name,
        github=github,
        folders=folders,
        masks=Masks([token, *order.secrets.values()]),
        token=token,
        permissions=order.permissions,
        survives=order.survives_cancellation,
        base_env=world.env,
        tools_path=world.path,
        grace=world.grace,
        minute_seconds=world.minute_seconds,
    )


def _run(order: JobOrder, world: World, runner: Runner, stand_ins: StandIns) -> JobResult:
    tree = order.job.tree
    if "environment" in tree:
        raise WorkflowError(f"{order.job.file}: job {order.name}: environments are not known here")
    scope = _job_scope(order, world, runner)
    runner.env.update(scope.text(order.workflow_env or {}))
    scope = scope.adding(env=dict(runner.env))
    runner.env.update(scope.text(tree.get("env") or {}))
    minutes = float(scope.value(tree.get("timeout-minutes", DEFAULT_MINUTES)))
    runner.deadline = time.monotonic() + minutes * world.minute_seconds
    frame = Frame(
        steps=order.job.steps,
        runner=runner,
        services=Services(
            node=world.node, git_url=world.git_url, artifacts=runner.run.artifacts, caches=world.caches
        ),
        stand_ins=stand_ins,
        scope=scope,
        defaults=scope.text(
            {**(order.workflow_defaults.get("run") or {}), **((tree.get("defaults") or {}).get("run") or {})}
        ),
    )
    runner.see(Phase.JOB_START)
    steps = run_steps(frame)
    for finish in reversed(runner.after):
        finish()
    outputs, notes = _outputs(frame, tree.get("outputs") or {})
    result = JobResult(
        name=order.name,
        conclusion=Conclusion.CANCELLED if runner.cancelled else runner.status,
        outputs=outputs,
        steps=_by_id(steps),
        permissions=order.permissions,
        runs_on=scope.value(tree["runs-on"]),
        timeout_minutes=minutes,
        token=runner.token,
        workspace=runner.folders.workspace,
        runner_annotations=(*notes, *(Annotation(level="error", message=note) for note in runner.notes)),
        tolerated=bool(scope.value(tree.get("continue-on-error", False))),
    )
    runner.see(Phase.JOB_END, conclusion=str(result.conclusion))
    return result


def _job_scope(order: JobOrder, world: World, runner: Runner) -> Scope:
    """The job's contexts with its token."""
    secrets = {**order.secrets, "GITHUB_TOKEN": runner.token}
    scope = order.scope.adding(github=dict(runner.github), secrets=secrets, vars=dict(world.vars))
    return Scope(node=scope.node, contexts=scope.contexts, workspace=runner.folders.workspace)


def _outputs(frame: Frame, tree: Mapping[str, Tree]) -> tuple[dict[str, str], list[Annotation]]:
    """The job's outputs; one that holds a masked word is left out, as GitHub does."""
    outputs: dict[str, str] = {}
    notes = []
    for name, value in frame.here().text(tree).items():
        if frame.runner.masks.hit(value):
            message = f"Skip output '{name}' since it may contain secret."
            notes.append(Annotation(level="warning", message=message))
        else:
            outputs[name] = value
    return outputs, notes


def _by_id(steps: list[StepResult]) -> Mapping[str, StepResult]:
    return Named({step.id: step for step in steps})
