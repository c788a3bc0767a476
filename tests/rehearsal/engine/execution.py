"""Runs the jobs of a workflow in the order of their needs, and of the workflows it calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rehearsal.engine.commands import Annotation
from rehearsal.engine.hooks import Watch
from rehearsal.engine.inputs import call_inputs, call_secrets
from rehearsal.engine.jobs import JobOrder, run_job
from rehearsal.engine.matrix import combinations, label
from rehearsal.engine.node import WorkflowError
from rehearsal.engine.permissions import Permissions, granted, within
from rehearsal.engine.reading import read_workflow
from rehearsal.engine.results import Conclusion, JobResult
from rehearsal.engine.scope import Scope, Status
from rehearsal.engine.workflow import Job, Workflow
from rehearsal.engine.world import World

MAX_DEPTH = 10


@dataclass(frozen=True, kw_only=True)
class Level:
    """One workflow that runs: the one that was started, or one that it calls."""

    workflow: Workflow
    scope: Scope
    """With the contexts github, inputs, vars and secrets."""
    allowed: Permissions | None = None
    """What the calling job has; `None` in the workflow that was started."""
    prefix: str = ""
    groups: tuple[str, ...] = ()
    """Concurrency groups that the run and the calling jobs hold."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One run under way. `kept` are results of an earlier attempt, by job, which are not made anew."""

    world: World
    watch: Watch
    kept: Mapping[str, JobResult] = field(default_factory=dict)

    def run(self, level: Level) -> dict[str, JobResult]:
        """Run all jobs of a workflow; the results, by id, matrices and calls summed up."""
        results: dict[str, JobResult] = {}
        before: dict[str, set[str]] = {}
        for job in level.workflow.jobs:
            before[job.id] = set(job.needs).union(*(before[need] for need in job.needs))
            results[job.id] = self._job(level, job, results, before[job.id])
        return results

    def _job(self, level: Level, job: Job, results: Mapping[str, JobResult], before: set[str]) -> JobResult:
        needs = {need: _as_need(results[need]) for need in job.needs}
        ends = {name: str(results[name].as_need) for name in sorted(before)}
        scope = level.scope.adding(needs=needs).having(
            Status.of_ancestors(ends, cancelled=self.watch.run.cancel_requested)
        )
        name = level.prefix + job.id
        if name in self.kept:
            return self._note(self.kept[name])
        if not scope.truth(job.condition):
            return self._note(JobResult(name=name, conclusion=Conclusion.SKIPPED))
        strategy = scope.value(job.tree.get("strategy") or {})
        if "matrix" not in strategy:
            return self._one(level, job, name, scope)
        return self._matrix(level, job, name, scope, strategy)

    def _matrix(
        self, level: Level, job: Job, name: str, scope: Scope, strategy: Mapping[str, Any]
    ) -> JobResult:
        results: list[JobResult] = []
        all_values = combinations(strategy["matrix"])
        for index, values in enumerate(all_values):
            failed = any(result.conclusion is Conclusion.FAILURE for result in results)
            if failed and strategy.get("fail-fast", True):
                cancelled = JobResult(name=label(name, values), conclusion=Conclusion.CANCELLED)
                results.append(self._note(cancelled))
                continue
            context = {
                "fail-fast": strategy.get("fail-fast", True),
                "job-index": index,
                "job-total": len(all_values),
            }
            own = scope.adding(matrix=values, strategy=context)
            results.append(self._one(level, job, label(name, values), own))
        outputs = {key: value for result in results for key, value in result.outputs.items() if value}
        return JobResult(
            name=name,
            conclusion=_together(results),
            outputs=outputs,
            tolerated=all(result.tolerated for result in results if result.conclusion is Conclusion.FAILURE),
        )

    def _one(self, level: Level, job: Job, name: str, scope: Scope) -> JobResult:
        who = f"{job.file}: job {job.id}"
        outer = self.world.default_permissions if level.allowed is None else level.allowed
        permissions = granted(level.workflow.tree.get("permissions"), outer)
        permissions = granted(job.tree.get("permissions"), permissions)
        if level.allowed is not None:
            permissions = within(permissions, level.allowed, who=who)
        groups = _groups(job.tree.get("concurrency"), scope)
        deadlock = set(groups) & set(level.groups)
        if deadlock:
            return self._note(_deadlocked(name, deadlock))
        level = replace(level, groups=(*level.groups, *groups))
        if job.uses:
            return self._call(level, job, name, scope, permissions)
        if_cancelled = Status.of_ancestors(scope.status.jobs, cancelled=True)
        order = JobOrder(
            job=job,
            name=name,
            scope=scope,
            permissions=permissions,
            secrets=scope.contexts["secrets"],  # type: ignore[arg-type]
            survives_cancellation=scope.having(if_cancelled).truth(job.condition),
            workflow_env=level.workflow.tree.get("env"),
            workflow_defaults=level.workflow.tree.get("defaults") or {},
        )
        return self._note(run_job(order, self.world, self.watch))

    def _call(self, level: Level, job: Job, name: str, scope: Scope, permissions: Permissions) -> JobResult:
        assert job.uses is not None
        if not job.uses.startswith("./"):
            raise WorkflowError(f"{job.file}: job {job.id} calls {job.uses}: only local workflows are known")
        if level.prefix.count("/") >= MAX_DEPTH:
            raise WorkflowError(
                f"{job.file}: job {job.id}: workflows call each other more than {MAX_DEPTH} deep"
            )
        called = read_workflow(self.world, self.watch.run.sha, job.uses.removeprefix("./"))
        if "workflow_call" not in called.events:
            raise WorkflowError(f"{called.path} has no `on: workflow_call`, but {job.file} calls it")
        inputs = call_inputs(called, scope.value(job.tree.get("with") or {}), scope)
        inner = scope.only(
            ("github", "vars"), inputs=inputs, secrets=_passed_secrets(called, job, scope)
        ).having(Status())
        groups = _groups(called.tree.get("concurrency"), inner)
        deadlock = set(groups) & set(level.groups)
        if deadlock:
            return self._note(_deadlocked(name, deadlock))
        results = self.run(
            Level(
                workflow=called, scope=inner, allowed=permissions, prefix=f"{name}/",
                groups=(*level.groups, *groups),
            )
        )  # fmt: skip
        jobs = {id_: _as_need(result) for id_, result in results.items()}
        definitions = called.events["workflow_call"].get("outputs") or {}
        outputs = inner.adding(jobs=jobs).text({key: one["value"] for key, one in definitions.items()})
        return self._note(
            JobResult(
                name=name, conclusion=_together(results.values()), outputs=outputs, permissions=permissions
            )
        )

    def _note(self, result: JobResult) -> JobResult:
        self.watch.run.jobs[result.name] = result
        return result


def _as_need(result: JobResult) -> dict[str, Any]:
    return {"result": str(result.as_need), "outputs": dict(result.outputs)}


def _together(results: Any) -> Conclusion:
    ends = {result.as_need for result in results}
    for end in (Conclusion.FAILURE, Conclusion.CANCELLED, Conclusion.SUCCESS):
        if end in ends:
            return end
    return Conclusion.SKIPPED


def _groups(tree: Any, scope: Scope) -> tuple[str, ...]:
    setting = scope.text(tree)
    group = setting.get("group") if isinstance(setting, dict) else setting
    return (group.lower(),) if group else ()


def _deadlocked(name: str, groups: set[str]) -> JobResult:
    """A call into a group that its caller holds: GitHub cancels it."""
    message = f"Canceling since a deadlock was detected for concurrency group: {', '.join(sorted(groups))}"
    note = Annotation(level="error", message=message)
    return JobResult(name=name, conclusion=Conclusion.CANCELLED, runner_annotations=(note,))


def _passed_secrets(called: Workflow, job: Job, scope: Scope) -> Mapping[str, str]:
    given = job.tree.get("secrets") or {}
    if given == "inherit":
        return scope.contexts["secrets"]  # type: ignore[return-value]
    return call_secrets(called, scope.text(given))
