"""Steps that know each other: those of a job, or those of one composite action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.engine.actions.base import Services
from rehearsal.engine.results import Conclusion
from rehearsal.engine.runner import Runner
from rehearsal.engine.scope import Scope, Status
from rehearsal.engine.stand_ins import StandIns
from rehearsal.engine.workflow import Step


@dataclass(kw_only=True)
class Frame:
    """What a list of steps has in common."""

    steps: tuple[Step, ...]
    runner: Runner
    services: Services
    stand_ins: StandIns
    scope: Scope
    defaults: Mapping[str, str]
    env: Mapping[str, str] = field(default_factory=dict)
    """What a composite action's caller adds to the job's own."""
    composite: bool = False
    failed: bool = False
    known: dict[str, Any] = field(default_factory=dict)

    def here(self) -> Scope:
        """The contexts and the status between two steps."""
        runner = self.runner
        scope = self.scope.adding(
            steps=self.known,
            job={"status": str(runner.status)},
            runner=runner.context(),
            env={**runner.env, **self.env},
        )
        # In a composite action `success()` speaks of its own steps; in a job, of the job.
        failed = self.failed if self.composite else runner.status is Conclusion.FAILURE
        cancelled = runner.cancelled
        return scope.having(
            Status(success=not (failed or cancelled), failure=failed and not cancelled, cancelled=cancelled)
        )
