"""Runs the steps of a job one after the other: conditions, `run:`, actions, composite actions."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rehearsal.engine.actions.base import ActionCall, ActionFailure, Services, UnknownActionError, name_of
from rehearsal.engine.commands import FileCommandError, StepFiles
from rehearsal.engine.hooks import Phase
from rehearsal.engine.log import Log
from rehearsal.engine.node import WorkflowError
from rehearsal.engine.process import Stopped, run_process
from rehearsal.engine.results import Conclusion, StepResult
from rehearsal.engine.runner import Runner
from rehearsal.engine.scope import Scope, Status
from rehearsal.engine.workflow import Step, refuse_others, steps_of

CANCELLED = "The operation was canceled."
SHELLS = {None: ("bash", "-e"), "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail")}


@dataclass(kw_only=True)
class Frame:
    """Steps that know each other: those of a job, or those of one composite action.

    `env` is what a composite action's caller adds to the job's own.
    """

    steps: tuple[Step, ...]
    runner: Runner
    services: Services
    scope: Scope
    env: Mapping[str, str] = field(default_factory=dict)
    composite: bool = False
    failed: bool = False
    known: dict[str, Any] = field(default_factory=dict)

    def here(self) -> Scope:
        """The contexts and the status between two steps."""
        runner = self.runner
        scope = self.scope.adding(steps=self.known, env={**runner.env, **self.env})
        # In a composite action `success()` speaks of its own steps; in a job, of the job.
        failed = self.failed if self.composite else runner.status is Conclusion.FAILURE
        cancelled = runner.cancelled
        return scope.having(
            Status(success=not (failed or cancelled), failure=failed and not cancelled, cancelled=cancelled)
        )


def run_steps(frame: Frame) -> list[StepResult]:
    """Run its steps in order, those that still may run after a failure or a cancellation included."""
    results = []
    for step in frame.steps:
        result = _step(frame, step)
        results.append(result)
        if "id" in step.tree:
            end = str(result.conclusion)
            frame.known[step.id] = {"outputs": dict(result.outputs), "outcome": end, "conclusion": end}
        if result.conclusion is Conclusion.FAILURE:
            frame.failed = True
            if not frame.composite and not frame.runner.cancelled:
                frame.runner.status = Conclusion.FAILURE
    return results


def _step(frame: Frame, step: Step) -> StepResult:
    runner, log, scope = frame.runner, Log(frame.runner.masks), frame.here()
    name = step.tree.get("name") or step.uses or f"Run {step.tree['run']}"
    skipped = StepResult(id=step.id, name=str(name), conclusion=Conclusion.SKIPPED, where=step.where)
    running = _Running(frame=frame, step=step, scope=scope, log=log)
    if not running.wanted():
        return skipped
    if not frame.composite:
        runner.see(Phase.STEP_START, step=step.id)
    if runner.cancelled and not scope.status.cancelled:
        return _step(frame, step)
    result = replace(
        skipped,
        conclusion=running.run(),
        script=running.script,
        outputs=running.outputs,
        summary=running.summary,
        log=log.text,
        annotations=tuple(log.annotations),
    )
    if not frame.composite:
        runner.see(Phase.STEP_END, step=step.id)
    return result


@dataclass(kw_only=True)
class _Running:
    """One step from its start to its end."""

    frame: Frame
    step: Step
    scope: Scope
    log: Log
    env: Mapping[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    script: str = ""
    _survival: bool | None = None

    def wanted(self) -> bool:
        """Whether its condition holds; from then on its own variables are in its scope."""
        self.env = self.scope.text(self.step.tree.get("env") or {})
        known: Any = self.scope.contexts["env"]
        self.scope = self.scope.adding(env={**known, **self.env})
        return self.scope.truth(self.step.condition)

    def run(self) -> Conclusion:
        try:
            return self._run_shell() if self.step.uses is None else self._use(self.step.uses)
        except WorkflowError as error:
            self.log.fail(f"{self.step.where}: {error}")
            return Conclusion.FAILURE
        except (ActionFailure, FileCommandError) as error:
            self.log.fail(str(error))
            return Conclusion.FAILURE
        except Stopped as stopped:
            self.log.fail(str(stopped))
            return Conclusion.CANCELLED

    def _run_shell(self) -> Conclusion:
        runner, files = self.frame.runner, StepFiles(self.frame.runner.temp)
        text = self.scope.text(self.step.tree["run"])
        self.script = runner.masks.hide(text)
        script = runner.temp / f"{uuid.uuid4()}.sh"
        script.write_text(text + "\n", encoding="utf-8")
        env = {**self._environment(), **files.environment}
        shell, *options = SHELLS[self.step.tree.get("shell")]
        found = shutil.which(shell, path=env["PATH"]) or shell
        status = 1
        try:
            status = run_process(
                [found, *options, str(script)],
                folder=runner.workspace,
                env=env,
                grace=self.frame.services.grace,
                say=self.log.write,
                stop=self._stop,
            )
        finally:
            said = files.read()
            runner.env.update(said.env)
            self.outputs.update(said.outputs)
            self.summary = runner.masks.hide(said.summary)
        if status:
            self.log.fail(f"Process completed with exit code {status}.")
        return Conclusion.FAILURE if status else Conclusion.SUCCESS

    def _use(self, uses: str) -> Conclusion:
        frame, name = self.frame, name_of(uses)
        given = self.scope.text(self.step.tree.get("with") or {})
        action = frame.services.actions.get(name)
        if action is None and uses.startswith("./"):
            return self._use_composite(uses, given)
        if action is None:
            known = ", ".join(sorted(frame.services.actions))
            raise UnknownActionError(f"{self.step.where}: {uses} has no stand-in; there are: {known}")
        call = ActionCall(
            inputs=action.checked(given, name=name),
            env=self._environment(),
            runner=frame.runner,
            services=frame.services,
            log=self.log,
            outputs=self.outputs,
        )
        action.run(call)
        return Conclusion.SUCCESS

    def _use_composite(self, uses: str, given: Mapping[str, str]) -> Conclusion:
        """A local action, as it stands in the workspace: its steps print to this one."""
        outer = self.frame
        folder = outer.runner.workspace / uses
        if not (folder / "action.yml").is_file():
            raise ActionFailure(
                f"Can't find 'action.yml' under '{folder}'. "
                "Did you forget to run actions/checkout before running your local action?"
            )
        name = f"{uses.removeprefix('./')}/action.yml"
        tree = outer.services.node.parse("action", name, (folder / "action.yml").read_text(encoding="utf-8"))
        refuse_others(tree, {"name", "description", "inputs", "runs"}, name)
        definitions = tree.get("inputs") or {}
        refuse_others(given, definitions, f"{self.step.where}: input of {uses}")
        github: Any = self.scope.contexts["github"]
        inner = Frame(
            steps=steps_of(tree["runs"]["steps"], name),
            runner=outer.runner,
            services=outer.services,
            scope=outer.scope.only(
                github={**github, "action_path": str(folder.resolve())},
                inputs={key: given.get(key, one.get("default") or "") for key, one in definitions.items()},
            ),
            env={**outer.env, **self.env},
            composite=True,
        )
        results = run_steps(inner)
        for result in results:
            self.log.absorb(result.log, result.annotations)
        self.summary = "\n".join(result.summary for result in results if result.summary)
        ends = {result.conclusion for result in results}
        bad = (end for end in (Conclusion.CANCELLED, Conclusion.FAILURE) if end in ends)
        return next(bad, Conclusion.SUCCESS)

    def _environment(self) -> dict[str, str]:
        runner, github = self.frame.runner, self.scope.contexts["github"]
        return runner.environment({**runner.env, **self.frame.env, **self.env}, github)  # type: ignore[arg-type]

    def _stop(self, line: str | None) -> str | None:
        """Asked while a program runs: a reason to end it, or `None`."""
        runner = self.frame.runner
        runner.see(Phase.STEP_RUNS, step=self.step.id, line=line)
        return CANCELLED if runner.cancelled and not self._survives() else None

    def _survives(self) -> bool:
        """Whether the step's condition holds in a cancelled job too: then it is left to its end."""
        if self._survival is None:
            cancelled = self.scope.having(Status(success=False, cancelled=True))
            self._survival = cancelled.truth(self.step.condition)
        return self._survival
