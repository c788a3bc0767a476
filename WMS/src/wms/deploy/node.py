"""The target `node`: the environment's instance, which takes what it is asked for whenever it runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from wms.core.context import Context, Environment
from wms.core.errors import Code, ComputeError, DeploymentError, ForgeError, InputError
from wms.core.files import sha256_file
from wms.core.ports import DeploymentState
from wms.core.production import main_head
from wms.core.records.deployment import Delivered, NodeDeployment, TargetResult, WantedModel
from wms.core.records.promotion import ModelMetadata
from wms.core.settings.infra import DELIVERED_PREFIX

logger = logging.getLogger(__name__)

POLL_SECONDS = 10.0
OPEN = ("queued", "in_progress")


def require_node(ctx: Context) -> Environment:
    """The environment whose instance is the target.

    Raises:
        InputError: there is none.
    """
    if ctx.environment is None or ctx.environment.without_instance:
        raise InputError(
            "the target node needs an environment with an instance",
            Code.CONFIG,
            remedy="Set WMS_ENVIRONMENT to a folder of infrastructure/, or leave the target out.",
        )
    return ctx.environment


def deploy_to_node(
    ctx: Context, model: ModelMetadata, folder: Path, *, pause: Callable[[float], None] = time.sleep
) -> TargetResult:
    """Ask the node for a model, and wait for its answer if it runs.

    `folder` holds the bundle and its smoke test. The same model again is asked for only once.

    Raises:
        DeploymentError: the node refused the model; the one before serves.
        ComputeError: the cloud, or the node, does not answer.
    """
    node = require_node(ctx).node
    wanted = _wish(ctx, model, folder)
    known = node.wanted()
    answer = _answer_to(known, node.deployed())
    if known is None or not wanted.same_model(known) or (answer is not None and answer.state == "failed"):
        number = _record(ctx, model)
        wanted = wanted.model_copy(update={"deployment": number})
        node.want(wanted, folder)
        if known is not None:
            _replace(ctx, known, model)
        _tell(ctx, number, "queued", f"model v{model.version} waits for the instance")
        known = wanted
    elif answer is not None and answer.state == "serving":
        return _judged(ctx, known, answer, unchanged=True)
    if ctx.ports.compute.state() != "running":
        return TargetResult(
            target="node",
            state="wanted",
            said=f"the instance is stopped; it takes model v{model.version} when it runs next",
        )
    return _wait(ctx, known, pause)


def settle(ctx: Context) -> TargetResult | None:
    """Tell the forge once how the last wish ended; `None` if the node has not answered, or that is told.

    The node answers again when it rolled out a newer image or changed manifests with the same model. Without
    an instance there is nothing to tell.

    Raises:
        DeploymentError: the node refused the model.
    """
    if ctx.environment is None or ctx.environment.without_instance:
        return None
    node = ctx.environment.node
    known = node.wanted()
    answer = _answer_to(known, node.deployed())
    if known is None or known.deployment is None or answer is None or answer.state == "waiting":
        return None
    told = ctx.ports.forge.deployment_state(known.deployment)
    now = "success" if _refusal(known, answer) is None else "failure"
    if told == now or told not in (*OPEN, "success", "failure"):
        return None
    return _judged(ctx, known, answer, unchanged=False)


def _wish(ctx: Context, model: ModelMetadata, folder: Path) -> WantedModel:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    place = f"{DELIVERED_PREFIX}{model.onnx_sha256}"
    return WantedModel(
        version=model.version,
        onnx_sha256=model.onnx_sha256,
        files={name: Delivered(key=f"{place}/{name}", sha256=sha256_file(folder / name)) for name in names},
        deployment=None,
        asked_at=ctx.clock(),
    )


def _answer_to(wanted: WantedModel | None, answer: NodeDeployment | None) -> NodeDeployment | None:
    theirs = wanted is not None and answer is not None and answer.wanted_sha256 == wanted.digest
    return answer if theirs else None


def _wait(ctx: Context, wanted: WantedModel, pause: Callable[[float], None]) -> TargetResult:
    node = require_node(ctx).node
    minutes = ctx.deploy_settings.node_wait_minutes
    _tell(ctx, wanted.deployment, "in_progress", f"the node takes model v{wanted.version}")
    said = "it said nothing"
    for _ in range(int(minutes * 60 / POLL_SECONDS) + 1):
        answer = _answer_to(wanted, node.deployed())
        if answer is not None and answer.state != "waiting":
            return _judged(ctx, wanted, answer, unchanged=False)
        if answer is not None:
            said = answer.why
        pause(POLL_SECONDS)
    raise ComputeError(
        f"the node did not deploy model v{wanted.version} in {minutes:g} minutes: {said}",
        Code.NODE,
        remedy="It goes on trying. See `journalctl --unit wms-deploy` there, then run `wms deploy` again.",
    )


def _judged(ctx: Context, wanted: WantedModel, answer: NodeDeployment, *, unchanged: bool) -> TargetResult:
    """What the node's final answer means.

    Raises:
        DeploymentError: it failed, or the service reports another model than main's.
    """
    why = _refusal(wanted, answer)
    if why is None:
        _tell(
            ctx,
            wanted.deployment,
            "success",
            f"model v{wanted.version}, Dice {answer.dice} on its photograph",
        )
        said = f"the node serves model v{wanted.version} ({wanted.onnx_sha256[:12]}), Dice {answer.dice}"
        return TargetResult(target="node", state="unchanged" if unchanged else "deployed", said=said)
    _tell(ctx, wanted.deployment, "failure", f"model v{wanted.version}: {why} (image {answer.image})")
    now = f"model {answer.onnx_sha256[:12]} serves there" if answer.onnx_sha256 else "no model serves there"
    raise DeploymentError(f"the node refused model v{wanted.version}: {why} (image {answer.image}); {now}")


def _refusal(wanted: WantedModel, answer: NodeDeployment) -> str | None:
    """Why a final answer means that the wish was not fulfilled."""
    if answer.state == "serving" and answer.onnx_sha256 != wanted.onnx_sha256:
        return f"its service reports the model {str(answer.onnx_sha256)[:12]}, not {wanted.onnx_sha256[:12]}"
    return answer.why if answer.state == "failed" else None


def _replace(ctx: Context, old: WantedModel, model: ModelMetadata) -> None:
    """Nobody looks at a replaced wish again, and a later success makes only one inactive that was a success.

    By docs.github.com, "Create a deployment status", `auto_inactive`.
    """
    try:
        open_still = old.deployment and ctx.ports.forge.deployment_state(old.deployment) in OPEN
    except ForgeError as error:
        logger.warning("the replaced deployment's state is not known: %s. %s", error, error.remedy)
        return
    if open_still:
        _tell(ctx, old.deployment, "inactive", f"replaced by model v{model.version}")


def _record(ctx: Context, model: ModelMetadata) -> int | None:
    """The deployment's number on the forge; `None` where it cannot be recorded, which stops nothing."""
    repository, environment = ctx.ports.repository, f"node-{require_node(ctx).name}"
    try:
        return ctx.ports.forge.record_deployment(
            environment=environment,
            sha=main_head(repository),
            description=f"model v{model.version}, {model.onnx_sha256[:12]}",
        )
    except ForgeError as error:
        logger.warning("the deployment is not shown on the forge: %s. %s", error, error.remedy)
        return None


def _tell(ctx: Context, number: int | None, state: DeploymentState, description: str) -> None:
    if number is None:
        return
    try:
        ctx.ports.forge.set_deployment_state(number, state, description=description[:140])
    except ForgeError as error:
        logger.warning("the deployment's state is not shown on the forge: %s. %s", error, error.remedy)
