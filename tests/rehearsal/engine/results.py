"""What a run leaves behind, made to be asserted on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rehearsal.engine.artifacts import ArtifactStore
from rehearsal.engine.commands import Annotation

TAIL_LINES = 40


class Conclusion(StrEnum):
    """How a step, a job or a run ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    DIED = "died"
    """Only here: the runner vanished, nothing ran after it."""


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """One step as it ended."""

    id: str
    name: str
    conclusion: Conclusion
    outputs: Mapping[str, str] = field(default_factory=dict)
    script: str = ""
    """What a `run:` step ran, its expressions evaluated; masked, as the log is."""
    log: str = ""
    """What it printed."""
    annotations: tuple[Annotation, ...] = ()
    summary: str = ""
    where: str = ""


class Named(dict[str, Any]):
    """A dict whose missing key says which there are."""

    def __missing__(self, key: str) -> Any:
        raise KeyError(f"{key!r} is not among: {', '.join(self) or 'nothing'}")


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """One job as it ended; a called workflow's jobs are named `caller/job`."""

    name: str
    conclusion: Conclusion
    outputs: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, StepResult] = field(default_factory=Named)
    permissions: Mapping[str, str] = field(default_factory=dict)
    timeout_minutes: float = 360
    environment: Mapping[str, str] = field(default_factory=dict)
    """Name and URL of the environment that it deployed to."""
    token: str | None = field(default=None, repr=False)
    runner_annotations: tuple[Annotation, ...] = ()

    @property
    def log(self) -> str:
        """The logs of its steps, one after the other, masked."""
        return "\n".join(step.log for step in self.steps.values() if step.log)

    @property
    def summary(self) -> str:
        """Its part of the run's summary."""
        return "\n".join(step.summary for step in self.steps.values() if step.summary)

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """Errors, warnings and notices in order."""
        of_steps = (note for step in self.steps.values() for note in step.annotations)
        return (*of_steps, *self.runner_annotations)


@dataclass(kw_only=True)
class Run:
    """One run of a workflow: waiting, running or ended."""

    number: int
    workflow: str
    event: str
    sha: str
    ref: str
    artifacts: ArtifactStore
    group: str | None = None
    attempt: int = 1
    status: str = "queued"
    conclusion: Conclusion | None = None
    cancel_requested: bool = False
    jobs: dict[str, JobResult] = field(default_factory=Named)

    @property
    def id(self) -> int:
        """GitHub's id of the run, `GITHUB_RUN_ID`."""
        return 1000 + self.number

    @property
    def summary(self) -> str:
        """The text of its page: what the jobs wrote to `GITHUB_STEP_SUMMARY`."""
        return "\n".join(job.summary for job in self.jobs.values() if job.summary)

    @property
    def annotations(self) -> tuple[Annotation, ...]:
        """Those of all jobs."""
        return tuple(note for job in self.jobs.values() for note in job.annotations)

    @property
    def log(self) -> str:
        """The logs of all jobs, masked."""
        return "\n".join(f"== {name}\n{job.log}" for name, job in self.jobs.items() if job.log)

    def expect(self, conclusion: str = "success", **jobs: str) -> Run:
        """Assert how the run ended and, by name, some of its jobs; the message shows what failed."""
        wrong = [f"the run: {self.conclusion}"] if self.conclusion != conclusion else []
        for name, wanted in jobs.items():
            job = self.jobs[name if name in self.jobs else name.replace("_", "-")]
            if job.conclusion != wanted:
                wrong.append(f"job {job.name}: {job.conclusion}, not {wanted}")
        assert not wrong, f"expected {conclusion}; {'; '.join(wrong)}\n{self.explain()}"
        return self

    def explain(self) -> str:
        """The run in lines: its jobs, the steps that did not succeed and the ends of their logs."""
        lines = [f"run {self.number} of {self.workflow} ({self.event}, {self.ref}): {self.conclusion}"]
        for job in self.jobs.values():
            lines.append(f"  job {job.name}: {job.conclusion}")
            lines += [
                f"    {note.level}: {note.message}" for note in job.annotations if note.level == "error"
            ]
            lines += [
                _tail(step) for step in job.steps.values() if step.conclusion not in ("success", "skipped")
            ]
        return "\n".join(lines)


def _tail(step: StepResult) -> str:
    lines = step.log.splitlines()
    left_out = [f"... {len(lines) - TAIL_LINES} lines before"] if len(lines) > TAIL_LINES else []
    tail = [f"      | {line}" for line in left_out + lines[-TAIL_LINES:]]
    script = [f"      $ {line}" for line in step.script.rstrip().splitlines()]
    return "\n".join([f"    step {step.name} ({step.where}): {step.conclusion}", *script, *tail])
