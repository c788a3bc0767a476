"""What a stand-in for an action is given, and the table in which it is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.engine.artifacts import ArtifactStore
from rehearsal.engine.log import Log
from rehearsal.engine.node import Node
from rehearsal.engine.process import Grace
from rehearsal.engine.runner import Runner


class ActionFailure(Exception):  # noqa: N818 - what an action says with `setFailed`
    """The action fails its step with this message."""


class UnknownActionError(Exception):
    """A workflow uses an action that has no stand-in, or gives it an input that it does not have."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What actions reach outside of their job."""

    node: Node
    git_url: str
    artifacts: ArtifactStore
    caches: dict[str, dict[str, bytes]]
    actions: Mapping[str, Action]
    grace: Grace


@dataclass(kw_only=True)
class ActionCall:
    """One use of an action: its inputs, and what it may do to its job."""

    inputs: Mapping[str, str]
    env: Mapping[str, str]
    """The step's environment; AWS_* variables that an earlier step exported stand here."""
    runner: Runner
    services: Services
    log: Log
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        """The job's workspace, where relative paths begin."""
        return self.runner.workspace

    def flag(self, name: str) -> bool:
        """A boolean input."""
        text = self.inputs[name].lower()
        if text not in ("true", "false"):
            raise ActionFailure(f"Input does not meet YAML 1.2 boolean: {name}: {text!r}")
        return text == "true"

    def lines(self, name: str) -> list[str]:
        """An input of several lines."""
        return [line.strip() for line in self.inputs[name].splitlines() if line.strip()]

    def require(self, permission: str) -> None:
        """Fail unless the job's token may write this."""
        if self.runner.permissions.get(permission) != "write":
            raise ActionFailure(f"missing permission: `{permission}: write`")


@dataclass(frozen=True, kw_only=True)
class Action:
    """A stand-in and the inputs that it takes, with their defaults; `None` is required."""

    run: Callable[[ActionCall], None]
    inputs: Mapping[str, str | None] = field(default_factory=dict)

    def checked(self, given: Mapping[str, str], *, name: str) -> dict[str, str]:
        """The inputs with defaults.

        Raises:
            UnknownActionError: an input is unknown (GitHub only warns) or a required one is missing.
        """
        unknown = set(given) - set(self.inputs)
        if unknown:
            raise UnknownActionError(f"{name}: no input {unknown} here; there are: {', '.join(self.inputs)}")
        result = {**self.inputs, **given}
        missing = [key for key, value in result.items() if value is None]
        if missing:
            raise UnknownActionError(f"{name} needs the input {', '.join(missing)}")
        return {key: value for key, value in result.items() if value is not None}


def name_of(uses: str) -> str:
    """An action's name without its version: `actions/checkout@v7` is `actions/checkout`."""
    return uses.partition("@")[0].rstrip("/")
