"""GitHub Actions on this machine: events come in, runs wait in a queue and are executed one at a time."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from rehearsal.engine.actions import STANDARD
from rehearsal.engine.artifacts import ArtifactStore
from rehearsal.engine.concurrency import group_of, make_room
from rehearsal.engine.events import Event, github_context, inputs_of
from rehearsal.engine.execution import Execution, Level, together
from rehearsal.engine.filters import push_starts
from rehearsal.engine.gitserver import GitServer, Mint, Permissions, Tokens
from rehearsal.engine.hooks import RunnerDied, Watch, Watcher
from rehearsal.engine.node import Node, WorkflowError
from rehearsal.engine.remote import WORKFLOWS, Remote
from rehearsal.engine.results import Conclusion, JobResult, Run
from rehearsal.engine.scope import Scope
from rehearsal.engine.workflow import Workflow
from rehearsal.engine.world import World

ACTOR = "octocat"


def random_token(_: Permissions) -> str:
    """A token that says nothing."""
    return f"ghs_{secrets.token_hex(18)}"


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
        node: GitHub's parser and evaluator.
        repository: its name on GitHub, `owner/name`.
        mint: makes the jobs' tokens; the default makes random ones.
        settings: fields of `World`, such as `vars`, `secrets`, `api_url`, `path`, `env`.
    """

    def __init__(
        self,
        remote: Path,
        root: Path,
        *,
        node: Node,
        repository: str = "octo/meters",
        mint: Mint = random_token,
        **settings: Any,
    ) -> None:
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

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def watch(self, watcher: Watcher) -> None:
        """Show every later moment of every run to a watcher."""
        self.world.watchers.append(watcher)

    def continue_from(self, other: GitHubSim) -> None:
        """Remember the ended runs of another rehearsal, whose remote this one's is a copy of."""
        self.runs, self._done, self._announced = [*other.runs], [*other._done], {**other._announced}
        self.world.caches.update(other.world.caches)

    def push(self, branch: str) -> list[Run]:
        """Announce that somebody pushed a branch to the remote; the workflow files at its tip are asked."""
        with self._lock:
            sha = self._head(branch)
            before = self._announced.get(branch)
            self._announced[branch] = sha
            paths = self.world.remote.changed(before, sha)
            event = Event(name="push", sha=sha, branch=branch, actor=ACTOR)
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
            branch = ref or "main"
            sha = self._head(branch)
            found = self.world.workflow(sha, f"{WORKFLOWS}/{workflow}")
            if "workflow_dispatch" not in found.events:
                raise WorkflowError(f"{found.path} has no `workflow_dispatch` trigger")
            typed = inputs_of(found, "workflow_dispatch", inputs or {})
            event = Event(name="workflow_dispatch", sha=sha, branch=branch, actor=actor, inputs=typed)
            return self._enqueue(found, event)

    def schedule(self) -> list[Run]:
        """The day's schedule comes, for every workflow of main that has one."""
        with self._lock:
            sha = self._head("main")
            event = Event(name="schedule", sha=sha, branch="main", actor=ACTOR)
            return [self._enqueue(each, event) for each in self._workflows(sha) if "schedule" in each.events]

    def rerun_failed(self, run: Run) -> Run:
        """ "Re-run failed jobs" of an ended run: same commit, event, inputs, artifacts.

        What succeeded is kept, unless it needs a job that runs again.
        """
        with self._lock:
            old = next(one for one in self._done if one.run is run)
            kept: dict[str, JobResult] = {}
            for job in old.level.workflow.jobs:
                result = run.jobs[job.id]
                if result.conclusion is Conclusion.SUCCESS and all(need in kept for need in job.needs):
                    kept[job.id] = result
            again = self._new_run(old.level.workflow, run.event, run.sha, run.ref)
            again.number, again.attempt, again.artifacts = run.number, run.attempt + 1, run.artifacts
            github = {**old.level.scope.contexts["github"], "run_attempt": str(again.attempt)}  # type: ignore[dict-item]
            return self._queue(old.level.workflow, again, old.level.scope.adding(github=github), kept)

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
            run.conclusion = Conclusion.CANCELLED if run.cancel_requested else together(results.values())
        except RunnerDied:
            run.conclusion = Conclusion.DIED
        finally:
            run.status = "completed"
            with self._lock:
                self._waiting.remove(waiting)
                self._done.append(waiting)

    def _enqueue(self, workflow: Workflow, event: Event) -> Run:
        run = self._new_run(workflow, event.name, event.sha, f"refs/heads/{event.branch}")
        contexts = {
            "github": github_context(self.world, workflow, event, run),
            "inputs": dict(event.inputs),
            "vars": dict(self.world.vars),
            "secrets": dict(self.world.secrets),
        }
        return self._queue(workflow, run, Scope(node=self.world.node, contexts=contexts))

    def _queue(
        self, workflow: Workflow, run: Run, scope: Scope, kept: Mapping[str, JobResult] | None = None
    ) -> Run:
        concurrency = scope.value(workflow.tree.get("concurrency"))
        run.group = group_of(concurrency)
        if run.group:
            make_room(run, concurrency, self.runs)
        self.runs.append(run)
        level = Level(workflow=workflow, scope=scope)
        self._waiting.append(_Waiting(run=run, level=level, kept=kept or {}))
        return run

    def _new_run(self, workflow: Workflow, event: str, sha: str, ref: str) -> Run:
        number = len(self.runs) + 1
        store = ArtifactStore(self.world.root / "artifacts" / str(number))
        return Run(number=number, workflow=workflow.path, event=event, sha=sha, ref=ref, artifacts=store)

    def _head(self, branch: str) -> str:
        sha = self.world.remote.head(branch)
        if sha is None:
            raise WorkflowError(f"the remote has no branch {branch}")
        return sha

    def _workflows(self, sha: str) -> list[Workflow]:
        return [self.world.workflow(sha, path) for path in self.world.remote.workflows(sha)]
