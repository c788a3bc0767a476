"""The machine of one job: a fresh folder, a fresh home, a minimal environment."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.engine.hooks import Moment, Phase, Watch
from rehearsal.engine.log import Masks
from rehearsal.engine.process import TRACKING
from rehearsal.engine.results import Conclusion, Run

SYSTEM_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
EXPORTED = (
    "action_path", "actor", "api_url", "event_name", "job", "ref", "ref_name", "repository", "run_attempt",
    "run_id", "run_number", "server_url", "sha", "workflow", "workflow_sha", "workspace",
)  # fmt: skip
"""The properties of the `github` context that steps see as GITHUB_*: the token is not among them."""


@dataclass(kw_only=True)
class Runner:
    """What changes while a job runs.

    `survives` says whether the job's condition holds in a cancelled run too (`always()`): then it is not
    cancelled. `base_env` and `tools_path` are the variables and the PATH that every job of the rehearsal has.
    """

    watch: Watch
    job: str
    root: Path
    github: Mapping[str, Any]
    masks: Masks
    token: str
    permissions: Mapping[str, str]
    base_env: Mapping[str, str]
    tools_path: tuple[Path, ...]
    survives: bool
    env: dict[str, str] = field(default_factory=dict)
    status: Conclusion = Conclusion.SUCCESS
    after: list[Callable[[], object]] = field(default_factory=list)
    tracking: str = field(default_factory=lambda: f"github_{secrets.token_hex(8)}")

    def __post_init__(self) -> None:
        self.home, self.temp = self.root / "home", self.root / "work/_temp"
        self.workspace = self.root / "work" / self.github["repository"].rpartition("/")[2] / "workspace"
        for folder in (self.home, self.temp, self.workspace):
            folder.mkdir(parents=True)
        self.github = {**self.github, "job": self.job.rpartition("/")[2], "workspace": str(self.workspace)}
        self._event = self.temp / "event.json"
        self._event.write_text(json.dumps(self.github["event"]))

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

    def see(self, phase: Phase, *, step: str | None = None, line: str | None = None) -> None:
        """Show a moment to the watchers."""
        self.watch.see(Moment(run=self.run, phase=phase, job=self.job, step=step, line=line))

    def environment(self, env: Mapping[str, str], github: Mapping[str, Any]) -> dict[str, str]:
        """A step's whole environment; what GitHub sets cannot be set otherwise."""
        return {
            "PATH": os.pathsep.join([*map(str, self.tools_path), *SYSTEM_PATH]),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "USER": "runner",
            **self.base_env,
            **env,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            **{f"GITHUB_{name.upper()}": str(github[name]) for name in EXPORTED if name in github},
            "GITHUB_EVENT_PATH": str(self._event),
            "RUNNER_TEMP": str(self.temp),
            TRACKING: self.tracking,
        }
