"""Runs one job of a workflow on a fresh machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.actions.base import Services
from rehearsal.engine.commands import Annotation
from rehearsal.engine.gitserver import Permissions
from rehearsal.engine.hooks import Phase, Watch
from rehearsal.engine.log import Masks
from rehearsal.engine.process import kill_tracked
from rehearsal.engine.results import Conclusion, JobResult, Named
from rehearsal.engine.runner import Runner
from rehearsal.engine.scope import Scope
from rehearsal.engine.steps import Frame, run_steps
from rehearsal.engine.workflow import Job, Tree, steps_of
from rehearsal.engine.world import World

DEFAULT_MINUTES = 360


@dataclass(frozen=True, kw_only=True)
class JobOrder:
    """A job that is to be run now."""

    job: Job
    name: str
    scope: Scope
    permissions: Permissions
    survives_cancellation: bool
    workflow_env: Tree


def run_job(order: JobOrder, world: World, watch: Watch) -> JobResult:
    """Run a job's steps and evaluate its outputs.

    Raises:
        RunnerDied: a watcher let the machine vanish; nothing that it had started lives on.
    """
    token = world.tokens.make(order.permissions)
    contexts: Any = order.scope.contexts
    runner = Runner(
        watch=watch,
        job=order.name,
        root=world.root / f"runs/{watch.run.number}.{watch.run.attempt}" / order.name.replace("/", "--"),
        github={**contexts["github"], "token": token},
        masks=Masks([token, *contexts["secrets"].values()]),
        token=token,
        permissions=order.permissions,
        survives=order.survives_cancellation,
        base_env=world.env,
        tools_path=world.path,
    )
    try:
        return _run(order, world, runner)
    finally:
        kill_tracked(runner.tracking)
        world.tokens.end(token)


def _run(order: JobOrder, world: World, runner: Runner) -> JobResult:
    tree = order.job.tree
    secrets = {**order.scope.contexts["secrets"], "GITHUB_TOKEN": runner.token}  # type: ignore[dict-item]
    scope = order.scope.adding(github=runner.github, vars=dict(world.vars), secrets=secrets)
    scope = scope.inside(runner.workspace)
    runner.env.update(scope.text(order.workflow_env or {}))
    scope = scope.adding(env=dict(runner.env))
    runner.env.update(scope.text(tree.get("env") or {}))
    frame = Frame(
        steps=steps_of(tree["steps"], order.job.file),
        runner=runner,
        services=Services(
            node=world.node,
            git_url=world.git_url,
            actions=world.actions,
            artifacts=runner.run.artifacts,
            caches=world.caches,
            grace=world.grace,
        ),
        scope=scope,
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
        steps=Named({step.id: step for step in steps}),
        permissions=order.permissions,
        timeout_minutes=float(scope.value(tree.get("timeout-minutes", DEFAULT_MINUTES))),
        environment=frame.here().text(tree.get("environment") or {}),
        token=runner.token,
        runner_annotations=notes,
    )
    runner.see(Phase.JOB_END)
    return result


def _outputs(frame: Frame, tree: Mapping[str, Tree]) -> tuple[dict[str, str], tuple[Annotation, ...]]:
    """The job's outputs; one that holds a masked word is left out, as GitHub does."""
    values = frame.here().text(tree)
    outputs = {name: value for name, value in values.items() if not frame.runner.masks.hit(value)}
    notes = (f"Skip output '{name}' since it may contain secret." for name in values if name not in outputs)
    return outputs, tuple(Annotation(level="warning", message=note) for note in notes)
