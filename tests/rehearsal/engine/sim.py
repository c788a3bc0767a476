"""GitHub Actions on this machine: events come in, runs wait in a queue and are executed one at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rehearsal.engine.actions import STANDARD
from rehearsal.engine.artifacts import ArtifactStore
from rehearsal.engine.concurrency import Concurrency, make_room
from rehearsal.engine.events import Event, dispatch_event, github_context, other_event, push_event
from rehearsal.engine.execution import Execution, Level
from rehearsal.engine.filters import push_starts
from rehearsal.engine.gitserver import GitServer
from rehearsal.engine.hooks import RunnerDied, Watch, Watcher
from rehearsal.engine.inputs import dispatch_inputs
from rehearsal.engine.node import Node, WorkflowError
from rehearsal.engine.reading import read_workflow
from rehearsal.engine.remote import WORKFLOWS, Remote
from rehearsal.engine.results import Conclusion, JobResult, Run
from rehearsal.engine.scope import Scope
from rehearsal.engine.tokens import Mint, Tokens, random_token
from rehearsal.engine.workflow import Workflow
from rehearsal.engine.world import World

ACTOR = "octocat"


@dataclass(kw_only=True)
class _Waiting:
    """A run and what it needs to be executed."""

    run: Run
    level: Level
    kept: Mapping[str, JobResult] = field(default_factory=dict)


class GitHubSim:
    """The rehearsal: a bare repository, the workflow files in it, and what happens to them.

    Only pushes that are announced start workflows, so a push made by a job with its token starts none.

    Args:
        remote: the bare repository.
        root: a folder for the jobs' machines and artifacts.
        repository: its name on GitHub, `owner/name`.
        node: one that several rehearsals share; without it, one of its own.
        mint: makes the jobs' tokens; the default makes random ones.
        settings: fields of `World`, such as `vars`, `secrets`, `api_url`, `path`, `env`.
    """

    def __init__(
        self,
        remote: Path,
        root: Path,
        *,
        repository: str = "octo/meters",
        mint: Mint = random_token,
        node: Node | None = None,
        **settings: Any,
    ) -> None:
        self._own_node = node is None
        node = node or Node()
        tokens = Tokens(mint)
        self._server = GitServer(remote, repository, tokens)
        self.world = World(
            node=node, remote=Remote(path=remote), root=root, git_url=self._server.url, tokens=tokens,
            actions=dict(STANDARD), repository=repository, **settings,
        )  # fmt: skip
        self.runs: list[Run] = []
        self._waiting: list[_Waiting] = []
        self._done: list[_Waiting] = []
        self._announced: dict[str, str] = {}
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the Node process and the Git server."""
        self._server.close()
        if self._own_node:
            self.world.node.close()

    @property
    def git_url(self) -> str:
        """The repository's address, as the jobs see it."""
        return f"{self._server.url}/{self.world.repository}"

    def watch(self, watcher: Watcher) -> None:
        """Show every later moment of every run to a watcher."""
        self.world.watchers.append(watcher)

    def push(self, branch: str, *, actor: str = ACTOR) -> list[Run]:
        """Announce that somebody pushed a branch to the remote; the workflow files at its tip are asked."""
        with self._lock:
            sha = self._head(branch)
            before = self._announced.get(branch)
            self._announced[branch] = sha
            paths = self.world.remote.changed(before, sha, default_branch=self.world.default_branch)
            event = push_event(self.world, branch=branch, sha=sha, before=before, actor=actor)
            return [
                self._enqueue(workflow, event)
                for workflow in self._workflows(sha)
                if "push" in workflow.events
                and push_starts(workflow.events["push"], branch=branch, paths=paths)
            ]

    def dispatch(
        self,
        workflow: str,
        inputs: Mapping[str, object] | None = None,
        *,
        ref: str | None = None,
        actor: str = ACTOR,
    ) -> Run:
        """Start a workflow by its file name, as the API's `dispatches` does; also from another thread.

        Raises:
            WorkflowError: GitHub would answer 404 or 422.
        """
        with self._lock:
            branch = (ref or self.world.default_branch).removeprefix("refs/heads/")
            sha = self._head(branch)
            found = read_workflow(self.world, sha, self._path(workflow))
            if "workflow_dispatch" not in found.events:
                raise WorkflowError(f"{found.path} has no `workflow_dispatch` trigger")
            typed = dispatch_inputs(found, inputs or {})
            event = dispatch_event(self.world, workflow=found, sha=sha, ref=branch, inputs=typed, actor=actor)
            return self._enqueue(found, event)

    def event(
        self,
        name: str,
        *,
        ref: str | None = None,
        payload: Mapping[str, Any] | None = None,
        actor: str = ACTOR,
    ) -> list[Run]:
        """Any other event (`schedule`, `pull_request`, ...), for every workflow at the ref that knows it.

        Filters of such events are not applied.
        """
        with self._lock:
            branch = ref or self.world.default_branch
            sha = self._head(branch)
            full = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
            event = other_event(self.world, name=name, sha=sha, ref=full, payload=payload or {}, actor=actor)
            return [
                self._enqueue(workflow, event) for workflow in self._workflows(sha) if name in workflow.events
            ]

    def cancel(self, run: Run) -> None:
        """Cancel a run, waiting or running; also from another thread."""
        with self._lock:
            run.cancel_requested = True
            if run.status == "queued":
                run.status, run.conclusion = "completed", Conclusion.CANCELLED

    def rerun_failed(self, run: Run) -> Run:
        """ "Re-run failed jobs": what succeeded is kept, unless it needs a job that runs again."""
        with self._lock:
            old = next(one for one in self._done if one.run is run)
            kept: dict[str, JobResult] = {}
            for job in old.level.workflow.jobs:
                result = run.jobs[job.id]
                if result.conclusion is Conclusion.SUCCESS and all(need in kept for need in job.needs):
                    kept[job.id] = result
            again = self.rerun(run)
            next(one for one in self._waiting if one.run is again).kept = kept
            return again

    def rerun(self, run: Run) -> Run:
        """Run all jobs of an ended run again as its next attempt: same commit, event, inputs, artifacts."""
        with self._lock:
            old = next(one for one in self._done if one.run is run)
            again = self._new_run(old.level.workflow, run.event, run.sha, run.ref, run.actor)
            again.number, again.attempt, again.artifacts = run.number, run.attempt + 1, run.artifacts
            github = {**old.level.scope.contexts["github"], "run_attempt": str(again.attempt)}  # type: ignore[dict-item]
            return self._queue(old.level.workflow, again, old.level.scope.adding(github=github))

    def run_next(self) -> Run | None:
        """Execute the run that waits longest; `None` if none waits."""
        with self._lock:
            waiting = next((one for one in self._waiting if one.run.status == "queued"), None)
            if waiting is None:
                return None
            waiting.run.status = "in_progress"
        self._execute(waiting)
        return waiting.run

    def run_all(self, *, limit: int = 100) -> list[Run]:
        """Execute runs until none waits, those included that the runs themselves bring about."""
        done: list[Run] = []
        while (run := self.run_next()) is not None:
            done.append(run)
            if len(done) >= limit:
                raise RuntimeError(f"{limit} runs and no end: do the workflows start each other?")
        return done

    def _execute(self, waiting: _Waiting) -> None:
        run = waiting.run
        watch = Watch(run=run, watchers=self.world.watchers)
        try:
            results = Execution(world=self.world, watch=watch, kept=waiting.kept).run(waiting.level)
            run.conclusion = _conclusion(run, results)
        except RunnerDied:
            run.conclusion = Conclusion.DIED
        finally:
            run.status = "completed"
            with self._lock:
                self._waiting.remove(waiting)
                self._done.append(waiting)

    def _enqueue(self, workflow: Workflow, event: Event) -> Run:
        run = self._new_run(workflow, event.name, event.sha, event.ref, event.actor)
        contexts = {
            "github": github_context(self.world, workflow, event, run),
            "inputs": dict(event.inputs),
            "vars": dict(self.world.vars),
            "secrets": dict(self.world.secrets),
        }
        return self._queue(workflow, run, Scope(node=self.world.node, contexts=contexts))

    def _queue(self, workflow: Workflow, run: Run, scope: Scope) -> Run:
        concurrency = Concurrency.of(scope.value(workflow.tree.get("concurrency")))
        if concurrency:
            run.group = concurrency.group
            make_room(run, concurrency, self.runs)
        groups = (run.group,) if run.group else ()
        self.runs.append(run)
        self._waiting.append(_Waiting(run=run, level=Level(workflow=workflow, scope=scope, groups=groups)))
        return run

    def _new_run(self, workflow: Workflow, event: str, sha: str, ref: str, actor: str) -> Run:
        number = len(self.runs) + 1
        store = ArtifactStore(self.world.root / "artifacts" / str(number))
        return Run(
            number=number, workflow=workflow.path, event=event, sha=sha, ref=ref, actor=actor, artifacts=store
        )

    def _head(self, branch: str) -> str:
        sha = self.world.remote.head(branch)
        if sha is None:
            raise WorkflowError(f"the remote has no branch {branch}")
        return sha

    def _workflows(self, sha: str) -> list[Workflow]:
        return [read_workflow(self.world, sha, path) for path in self.world.remote.workflows(sha)]

    def _path(self, workflow: str) -> str:
        return workflow if "/" in workflow else f"{WORKFLOWS}/{workflow}"


def _conclusion(run: Run, results: Mapping[str, JobResult]) -> Conclusion:
    ends = {result.as_need for result in results.values()}
    if run.cancel_requested or (Conclusion.CANCELLED in ends and Conclusion.FAILURE not in ends):
        return Conclusion.CANCELLED
    for end in (Conclusion.FAILURE, Conclusion.SUCCESS):
        if end in ends:
            return end
    return Conclusion.SKIPPED
