"""Runs the jobs of a workflow in the order of their needs, and of the workflows it calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.engine.concurrency import group_of
from rehearsal.engine.events import inputs_of
from rehearsal.engine.gitserver import Permissions
from rehearsal.engine.hooks import Watch
from rehearsal.engine.jobs import JobOrder, run_job
from rehearsal.engine.node import WorkflowError
from rehearsal.engine.results import Conclusion, JobResult
from rehearsal.engine.scope import Scope, Status
from rehearsal.engine.workflow import Job, Tree, Workflow, refuse_others
from rehearsal.engine.world import World

LEVELS = {"none": 0, "read": 1, "write": 2}


@dataclass(frozen=True, kw_only=True)
class Level:
    """One workflow that runs: the one that was started, or one that it calls.

    `scope` has the contexts github, inputs, vars and secrets. `allowed` is what the calling job may do, and
    `None` in the workflow that was started.
    """

    workflow: Workflow
    scope: Scope
    allowed: Permissions | None = None
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One run under way. `kept` are results of an earlier attempt, by job, which are not made anew."""

    world: World
    watch: Watch
    kept: Mapping[str, JobResult] = field(default_factory=dict)

    def run(self, level: Level) -> dict[str, JobResult]:
        """Run all jobs of a workflow; the results, by id, calls summed up."""
        results: dict[str, JobResult] = {}
        before: dict[str, set[str]] = {}
        for job in level.workflow.jobs:
            before[job.id] = set(job.needs).union(*(before[need] for need in job.needs))
            scope = level.scope.adding(needs={need: _as_need(results[need]) for need in job.needs})
            scope = scope.having(self._status([results[name].conclusion for name in before[job.id]]))
            result = self._job(level, job, level.prefix + job.id, scope)
            self.watch.run.jobs[result.name] = results[job.id] = result
        return results

    def _status(self, ends: list[Conclusion]) -> Status:
        """A job's status by the results of every job before it, not only of those it names in `needs`.

        That a skipped ancestor far up makes `success()` false is GitHub's behaviour (actions/runner#2205).
        """
        cancelled = self.watch.run.cancel_requested
        return Status(
            success=not cancelled and set(ends) <= {Conclusion.SUCCESS},
            failure=Conclusion.FAILURE in ends,
            cancelled=cancelled,
        )

    def _job(self, level: Level, job: Job, name: str, scope: Scope) -> JobResult:
        if name in self.kept:
            return self.kept[name]
        if not scope.truth(job.condition):
            return JobResult(name=name, conclusion=Conclusion.SKIPPED)
        permissions = _permissions(level, job)
        if "uses" in job.tree:
            return self._call(job, name, scope, permissions)
        if_cancelled = scope.having(Status(success=False, failure=scope.status.failure, cancelled=True))
        order = JobOrder(
            job=job,
            name=name,
            scope=scope,
            permissions=permissions,
            survives_cancellation=if_cancelled.truth(job.condition),
            workflow_env=level.workflow.tree.get("env"),
        )
        return run_job(order, self.world, self.watch)

    def _call(self, job: Job, name: str, scope: Scope, permissions: Permissions) -> JobResult:
        path: str = job.tree["uses"]
        if not path.startswith("./"):
            raise WorkflowError(f"{job.file}: job {job.id} calls {path}: only local workflows are known")
        called = self.world.workflow(self.watch.run.sha, path.removeprefix("./"))
        if "workflow_call" not in called.events:
            raise WorkflowError(f"{called.path} has no `on: workflow_call`, but {job.file} calls it")
        refuse_others(called.events["workflow_call"], {"inputs"}, f"{called.path}: workflow_call")
        inputs = inputs_of(called, "workflow_call", scope.value(job.tree.get("with") or {}))
        inner = scope.only(
            github=scope.contexts["github"], vars=scope.contexts["vars"], secrets={}, inputs=inputs
        ).having(Status())
        group = group_of(inner.value(called.tree.get("concurrency")))
        if group and group == self.watch.run.group:
            raise WorkflowError(f"{job.file}: job {job.id}: a deadlock: its run holds the group {group}")
        results = self.run(Level(workflow=called, scope=inner, allowed=permissions, prefix=f"{name}/"))
        return JobResult(name=name, conclusion=together(results.values()), permissions=permissions)


def together(results: Iterable[JobResult]) -> Conclusion:
    """How jobs ended as a whole."""
    ends = {result.conclusion for result in results}
    for end in (Conclusion.FAILURE, Conclusion.CANCELLED, Conclusion.SUCCESS):
        if end in ends:
            return end
    return Conclusion.SKIPPED


def _as_need(result: JobResult) -> dict[str, Any]:
    return {"result": str(result.conclusion), "outputs": dict(result.outputs)}


def _permissions(level: Level, job: Job) -> Permissions:
    """What `permissions:` grants a job; what it does not name is `none`.

    Raises:
        WorkflowError: a called workflow's job asks for more than its caller has.
    """
    asked: Tree = job.tree.get("permissions", level.workflow.tree.get("permissions"))
    if level.allowed is None:
        return asked or {}
    for scope, wanted in (asked or {}).items():
        have = level.allowed.get(scope, "none")
        if LEVELS[wanted] > LEVELS[have]:
            raise WorkflowError(
                f"{job.file}: job {job.id} asks for `{scope}: {wanted}`, "
                f"but the job that calls it has `{scope}: {have}`"
            )
    return level.allowed if asked is None else asked
