"""The machine of one job: a fresh folder, a fresh home, a minimal environment."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine.hooks import Moment, Phase, Watch
from rehearsal.engine.log import Masks
from rehearsal.engine.process import TRACKING, Grace
from rehearsal.engine.results import Conclusion, Run

CLEANUP_MINUTES = 5
SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a job works."""

    root: Path
    workspace: Path
    home: Path
    temp: Path
    tools: Path

    @classmethod
    def make(cls, root: Path, repository: str) -> Folders:
        """Make them, empty."""
        name = repository.rpartition("/")[2]
        result = cls(
            root=root,
            workspace=root / "work" / name / name,
            home=root / "home",
            temp=root / "work/_temp",
            tools=root / "toolcache",
        )
        for folder in (result.workspace, result.home, result.temp, result.tools):
            folder.mkdir(parents=True)
        return result


@dataclass(kw_only=True)
class Runner:
    """What changes while a job runs."""

    watch: Watch
    job: str
    github: Mapping[str, Any]
    folders: Folders
    masks: Masks
    token: str
    permissions: Mapping[str, str]
    base_env: Mapping[str, str]
    tools_path: tuple[Path, ...]
    grace: Grace
    survives: bool
    """Whether the job's condition holds in a cancelled run too (`always()`): then it is not cancelled."""
    env: dict[str, str] = field(default_factory=dict)
    added_path: list[str] = field(default_factory=list)
    status: Conclusion = Conclusion.SUCCESS
    after: list[Callable[[], None]] = field(default_factory=list)
    tracking: str = field(default_factory=lambda: f"github_{secrets.token_hex(8)}")
    minute_seconds: float = 60.0
    deadline: float = float("inf")
    notes: list[str] = field(default_factory=list)

    @property
    def run(self) -> Run:
        """The run that the job belongs to."""
        return self.watch.run

    @property
    def cancelled(self) -> bool:
        """Whether the job was told to end; it stays so."""
        if self.run.cancel_requested and not self.survives:
            self.status = Conclusion.CANCELLED
        return self.status is Conclusion.CANCELLED

    def run_out_of_time(self) -> None:
        """The job exceeded `timeout-minutes`: GitHub cancels it; `always()` steps have five minutes more."""
        self.status = Conclusion.CANCELLED
        self.notes.append("The job has exceeded the maximum execution time.")
        self.deadline = time.monotonic() + CLEANUP_MINUTES * self.minute_seconds

    def see(
        self, phase: Phase, *, step: str | None = None, line: str | None = None, conclusion: str | None = None
    ) -> None:
        """Show a moment to the watchers."""
        self.watch.see(
            Moment(
                run=self.run, phase=phase, job=self.job, step=step, line=line, conclusion=conclusion,
                workspace=self.folders.workspace,
            )
        )  # fmt: skip

    def context(self) -> dict[str, str]:
        """The `runner` context."""
        return {
            "os": "Linux",
            "arch": "X64",
            "name": "rehearsal",
            "environment": "github-hosted",
            "temp": str(self.folders.temp),
            "tool_cache": str(self.folders.tools),
            "workspace": str(self.folders.workspace.parent),
        }

    def environment(self, env: Mapping[str, str], github: Mapping[str, Any]) -> dict[str, str]:
        """A step's whole environment; what GitHub sets cannot be set otherwise."""
        path = [*reversed(self.added_path), *map(str, self.tools_path), *SYSTEM_PATH]
        result = {
            "PATH": os.pathsep.join(path),
            "HOME": str(self.folders.home),
            "LANG": "C.UTF-8",
            "USER": "runner",
            **self.base_env,
            **env,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            **{
                f"GITHUB_{name.upper()}": str(value)
                for name, value in github.items()
                if name in EXPORTED and value is not None
            },
            "GITHUB_EVENT_PATH": str(self.folders.temp / "_github_workflow/event.json"),
            **{f"RUNNER_{name.upper()}": value for name, value in self.context().items()},
            TRACKING: self.tracking,
        }
        if "PATH" in env:
            result["PATH"] = os.pathsep.join([*reversed(self.added_path), env["PATH"]])
        return result


# The properties of the `github` context that steps see as GITHUB_*: the token is not among them.
EXPORTED = (
    "action", "action_path", "action_repository", "actor", "actor_id", "api_url", "base_ref", "event_name",
    "graphql_url", "head_ref", "job", "ref", "ref_name", "ref_protected", "ref_type", "repository",
    "repository_id", "repository_owner", "retention_days", "run_attempt", "run_id", "run_number",
    "server_url", "sha", "triggering_actor", "workflow", "workflow_ref", "workflow_sha", "workspace",
)  # fmt: skip
