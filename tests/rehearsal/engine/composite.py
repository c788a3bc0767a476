"""Local composite actions: `uses: ./.github/actions/x`, as they stand in the job's workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.engine.actions.base import ActionFailure, UnknownActionError
from rehearsal.engine.frame import Frame
from rehearsal.engine.log import Log
from rehearsal.engine.results import Conclusion, StepResult
from rehearsal.engine.scope import Scope
from rehearsal.engine.workflow import steps_of


@dataclass(frozen=True, kw_only=True)
class Composite:
    """A composite action that is about to run."""

    frame: Frame
    outputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a composite action ended."""

    conclusion: Conclusion
    outputs: Mapping[str, str]
    summary: str


def inner_frame(
    outer: Frame, uses: str, given: Mapping[str, str], *, scope: Scope, env: Mapping[str, str], where: str
) -> Composite:
    """Read a local action and prepare its steps.

    Raises:
        ActionFailure: it is not in the workspace, or a required input is missing.
        UnknownActionError: it is no composite action, or has no such input.
    """
    folder = outer.runner.folders.workspace / uses
    file = next((folder / name for name in ("action.yml", "action.yaml") if (folder / name).is_file()), None)
    if file is None:
        raise ActionFailure(
            f"Can't find 'action.yml' or 'action.yaml' under '{folder}'. "
            "Did you forget to run actions/checkout before running your local action?"
        )
    name = f"{uses.removeprefix('./')}/{file.name}"
    tree = outer.services.node.parse("action", name, file.read_text(encoding="utf-8"))
    if tree["runs"]["using"] != "composite":
        raise UnknownActionError(f"{where}: {uses} is not a composite action: give it a stand-in")
    inputs = _inputs(tree.get("inputs") or {}, given, scope=scope, where=where)
    github = {**scope.contexts["github"], "action_path": str(folder.resolve())}
    return Composite(
        frame=Frame(
            steps=steps_of(tree["runs"]["steps"], name),
            runner=outer.runner,
            services=outer.services,
            stand_ins=outer.stand_ins,
            scope=outer.scope.only(("strategy", "matrix"), github=github, inputs=inputs),
            defaults={},
            env={**outer.env, **env},
            composite=True,
        ),
        outputs={
            name: (output or {}).get("value") or "" for name, output in (tree.get("outputs") or {}).items()
        },
    )


def run_composite(action: Composite, run_steps: Callable[[Frame], list[StepResult]], log: Log) -> Done:
    """Run its steps in the caller's job; what they print goes to the caller's step."""
    results = run_steps(action.frame)
    for result in results:
        log.absorb(result.log, result.annotations)
    ends = {result.conclusion for result in results}
    bad = (end for end in (Conclusion.CANCELLED, Conclusion.FAILURE) if end in ends)
    return Done(
        conclusion=next(bad, Conclusion.SUCCESS),
        outputs=action.frame.here().text(action.outputs),
        summary="\n".join(result.summary for result in results if result.summary),
    )


def _inputs(
    definitions: Mapping[str, Mapping[str, Any] | None], given: Mapping[str, str], *, scope: Scope, where: str
) -> dict[str, str]:
    unknown = set(given) - set(definitions)
    if unknown:
        raise UnknownActionError(
            f"{where}: the action has no input {', '.join(sorted(unknown))}; "
            f"it has: {', '.join(definitions) or 'none'}"
        )
    result = {}
    for name, definition in definitions.items():
        settings = definition or {}
        default: str = scope.text(settings.get("default") or "")
        if settings.get("required") and name not in given and not default:
            raise ActionFailure(f"Input required and not supplied: {name}")
        result[name] = given.get(name, default)
    return result
