"""What a workflow or action file says, as far as it is said without expressions; the rest stays a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.node import WorkflowError

Tree = Any
"""Plain JSON in which expressions are `{"$expr": ..., "$line": ...}`; `Scope` evaluates it."""

WORKFLOW_KEYS = {"name", "on", "concurrency", "permissions", "env", "jobs"}
JOB_KEYS = {
    "name", "if", "needs", "runs-on", "timeout-minutes", "permissions", "env", "environment", "outputs",
    "steps", "uses", "with",
}  # fmt: skip
STEP_KEYS = {"$line", "id", "name", "if", "uses", "with", "run", "shell", "env"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One entry of `steps:`."""

    number: int
    tree: Mapping[str, Tree]
    file: str

    @property
    def id(self) -> str:
        """Its id, or a number where none is given."""
        return self.tree.get("id") or f"step{self.number}"

    @property
    def uses(self) -> str | None:
        """The action it uses."""
        return self.tree.get("uses")

    @property
    def condition(self) -> Tree:
        """Its `if:`, with the implicit `success()` written out."""
        return self.tree.get("if", {"$expr": "success()", "$line": self.tree["$line"]})

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.file}:{self.tree['$line']}"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One entry of `jobs:`."""

    id: str
    tree: Mapping[str, Tree]
    file: str

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the jobs it waits for."""
        needs = self.tree.get("needs", [])
        return (needs,) if isinstance(needs, str) else tuple(needs)

    @property
    def condition(self) -> Tree:
        """Its `if:`, with the implicit `success()` written out."""
        return self.tree.get("if", {"$expr": "success()", "$line": 0})


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """One file of `.github/workflows`."""

    path: str
    tree: Mapping[str, Tree]

    @property
    def name(self) -> str:
        """Its `name:`, else its path, as GitHub shows it."""
        return self.tree.get("name") or self.path

    @property
    def events(self) -> Mapping[str, Mapping[str, Tree]]:
        """`on:` as a mapping from event to its settings."""
        on = self.tree["on"]
        if isinstance(on, str):
            return {on: {}}
        return {event: settings if isinstance(settings, Mapping) else {} for event, settings in on.items()}

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Its jobs, each after those that it needs."""
        refuse_others(self.tree, WORKFLOW_KEYS, self.path)
        waiting = {id_: Job(id=id_, tree=tree, file=self.path) for id_, tree in self.tree["jobs"].items()}
        ordered: dict[str, Job] = {}
        while waiting:
            ready = [job for job in waiting.values() if set(job.needs) <= set(ordered)]
            for job in ready:
                refuse_others(job.tree, JOB_KEYS, f"{self.path}: job {job.id}")
                ordered[job.id] = waiting.pop(job.id)
        return tuple(ordered.values())


def steps_of(trees: list[Mapping[str, Tree]], file: str) -> tuple[Step, ...]:
    """Steps of a job or a composite action."""
    steps = tuple(Step(number=number, tree=tree, file=file) for number, tree in enumerate(trees, start=1))
    for step in steps:
        refuse_others(step.tree, STEP_KEYS, step.where)
    return steps


def refuse_others(given: Mapping[str, object], known: Mapping[str, object] | set[str], who: str) -> None:
    """Refuse what GitHub would not take, or what the rehearsal leaves out because no workflow here has it.

    Raises:
        WorkflowError: a name in `given` is not in `known`.
    """
    for name in given:
        if name not in known:
            raise WorkflowError(f"{who}: `{name}` is not defined; there are: {', '.join(sorted(known))}")
