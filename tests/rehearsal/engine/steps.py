"""Runs steps one after the other: conditions, `run:`, actions, composite actions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rehearsal.engine.actions.base import ActionCall, ActionFailure, name_of
from rehearsal.engine.commands import FileCommandError
from rehearsal.engine.composite import inner_frame, run_composite
from rehearsal.engine.frame import Frame
from rehearsal.engine.hooks import Phase
from rehearsal.engine.log import Log
from rehearsal.engine.node import WorkflowError
from rehearsal.engine.process import Stopped
from rehearsal.engine.results import Conclusion, StepResult
from rehearsal.engine.scope import Scope, Status
from rehearsal.engine.shells import Program, run_shell
from rehearsal.engine.stepfiles import StepFiles
from rehearsal.engine.workflow import Step

CANCELLED = "The operation was canceled."


def run_steps(frame: Frame) -> list[StepResult]:
    """Run its steps in order, those that still may run after a failure or a cancellation included."""
    results = []
    for step in frame.steps:
        if time.monotonic() > frame.runner.deadline:
            frame.runner.run_out_of_time()
        result = _step(frame, step)
        results.append(result)
        if step.named:
            frame.known[step.id] = {
                "outputs": dict(result.outputs),
                "outcome": str(result.outcome),
                "conclusion": str(result.conclusion),
            }
        if result.conclusion is Conclusion.FAILURE:
            frame.failed = True
            if not frame.composite and not frame.runner.cancelled:
                frame.runner.status = Conclusion.FAILURE
    return results


def _step(frame: Frame, step: Step) -> StepResult:
    runner, log = frame.runner, Log(frame.runner.masks)
    name = step.tree.get("name") or step.uses or _first_line(step.tree.get("run"))
    skipped = StepResult(
        id=step.id,
        name=str(name),
        outcome=Conclusion.SKIPPED,
        conclusion=Conclusion.SKIPPED,
        where=step.where,
    )
    scope = frame.here()
    try:
        env = scope.text(step.tree.get("env") or {})
        scope = scope.adding(env={**scope.contexts["env"], **env})  # type: ignore[dict-item]
        if not scope.truth(step.condition):
            return skipped
        name = scope.text(name) if isinstance(name, dict) else name
        tolerated = scope.truth(step.tree.get("continue-on-error", False))
        minutes = scope.value(step.tree.get("timeout-minutes"))
    except WorkflowError as error:
        log.fail(f"{step.where}: {error}")
        return _ended(skipped, Conclusion.FAILURE, log, tolerated=False)

    if not frame.composite:
        runner.see(Phase.STEP_START, step=step.id)
    if runner.cancelled and not scope.status.cancelled:
        return _step(frame, step)
    running = _Running(frame=frame, step=step, scope=scope, env=env, log=log, minutes=minutes)
    outcome = running.run()
    result = replace(
        _ended(skipped, outcome, log, tolerated=tolerated),
        name=str(name),
        script=running.script,
        outputs=running.outputs,
        summary=running.summary,
    )
    if not frame.composite:
        runner.see(Phase.STEP_END, step=step.id, conclusion=str(result.conclusion))
    return result


def _ended(result: StepResult, outcome: Conclusion, log: Log, *, tolerated: bool) -> StepResult:
    conclusion = Conclusion.SUCCESS if tolerated and outcome is Conclusion.FAILURE else outcome
    return replace(
        result, outcome=outcome, conclusion=conclusion, log=log.text, annotations=tuple(log.annotations)
    )


@dataclass(kw_only=True)
class _Running:
    """One step from its start to its end."""

    frame: Frame
    step: Step
    scope: Scope
    env: Mapping[str, str]
    log: Log
    minutes: float | None
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    script: str = ""
    _survival: bool | None = None

    def run(self) -> Conclusion:
        runner = self.frame.runner
        self._deadline = time.monotonic() + float(self.minutes or 360) * runner.minute_seconds
        try:
            if self.step.uses is None:
                return self._run_shell()
            return self._use(self.step.uses)
        except WorkflowError as error:
            self.log.fail(f"{self.step.where}: {error}")
            return Conclusion.FAILURE
        except (ActionFailure, FileCommandError) as error:
            self.log.fail(str(error))
            return Conclusion.FAILURE
        except Stopped as stopped:
            self.log.fail(str(stopped))
            return Conclusion.CANCELLED if str(stopped) == CANCELLED else Conclusion.FAILURE

    def _run_shell(self) -> Conclusion:
        runner = self.frame.runner
        files = StepFiles.make(runner.folders.temp)
        text = self.scope.text
        program = Program(
            script=text(self.step.tree["run"]),
            shell=text(self.step.tree.get("shell") or self.frame.defaults.get("shell")),
            folder=text(
                self.step.tree.get("working-directory") or self.frame.defaults.get("working-directory")
            ),
        )
        self.script = self.frame.runner.masks.hide(program.script)
        env = {**self._environment(), **files.environment()}
        status = 1
        try:
            status = run_shell(program, runner=runner, env=env, log=self.log, stop=self._stop)
        finally:
            said = files.read()
            runner.env.update(said.env)
            runner.added_path.extend(said.path)
            self.outputs.update(said.outputs)
            self.summary = runner.masks.hide(said.summary)
        if status:
            self.log.fail(f"Process completed with exit code {status}.")
        return Conclusion.FAILURE if status else Conclusion.SUCCESS

    def _use(self, uses: str) -> Conclusion:
        frame = self.frame
        given = self.scope.text(self.step.tree.get("with") or {})
        action = frame.stand_ins.find(uses)
        if action is None:
            inner = inner_frame(frame, uses, given, scope=self.scope, env=self.env, where=self.step.where)
            done = run_composite(inner, run_steps, self.log)
            self.outputs.update(done.outputs)
            self.summary = done.summary
            return done.conclusion
        call = ActionCall(
            inputs=action.checked(given, name=name_of(uses)),
            env=self._environment(),
            runner=frame.runner,
            services=frame.services,
            log=self.log,
            outputs=self.outputs,
        )
        action.run(call)
        return Conclusion.SUCCESS

    def _environment(self) -> dict[str, str]:
        runner = self.frame.runner
        env = {**runner.env, **self.frame.env, **self.env}
        return runner.environment(env, self.scope.contexts["github"])  # type: ignore[arg-type]

    def _stop(self, line: str | None) -> str | None:
        """Asked while a program runs: a reason to end it, or `None`."""
        runner = self.frame.runner
        runner.see(Phase.STEP_RUNS, step=self.step.id, line=line)
        if runner.cancelled and not self._survives():
            return CANCELLED
        now = time.monotonic()
        if now > runner.deadline:
            runner.run_out_of_time()
            return CANCELLED
        if now > self._deadline:
            return f"The action '{self.step.id}' has timed out after {self.minutes} minutes."
        return None

    def _survives(self) -> bool:
        """Whether the step's condition holds in a cancelled job too: then it is left to its end."""
        if self._survival is None:
            cancelled = self.scope.having(Status(success=False, cancelled=True))
            self._survival = cancelled.truth(self.step.condition)
        return self._survival


def _first_line(script: object) -> str:
    text = script if isinstance(script, str) else str((script or {}).get("$expr", ""))  # type: ignore[attr-defined]
    return "Run " + (text.strip().splitlines() or [""])[0]
