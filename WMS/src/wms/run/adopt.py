"""`wms model adopt`: register the model of a run that had no registry, and propose its promotion."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import RecordError, StaleBaseError
from wms.core.files import read_record, write_record
from wms.core.production import main_head
from wms.core.records.base import Frozen
from wms.core.records.decision import GateDecision
from wms.core.records.promotion import Promotion
from wms.core.records.training import Candidate, TrainResult
from wms.data.merge import export_incoming
from wms.gate.archive import archive_run, restore_model, restore_run
from wms.gate.tracked import log_verdict
from wms.gate.verdict import write_decision
from wms.promotion.evidence import require_fresh
from wms.promotion.publish import publish_promotion
from wms.run.current import make_room
from wms.run.journal import noting, resume_before
from wms.run.start import clear_run
from wms.training.register import register
from wms.training.tracking import track_again


class Adopted(Frozen):
    """The model's version, and its promotion; `None` where the gate said hold."""

    run_id: str
    version: int
    promotion: Promotion | None


def adopt_model(ctx: Context, source: str) -> Adopted:
    """Restore a kept run in `run/`, register its model, and publish it if the gate said promote.

    A run that is in `run/` must have ended. `source` is the folder of a run's artifact, or the SHA-256 of its
    records in the data store.

    Raises:
        RecordError: there is no such run, it has no decision, or its model is registered already.
        StaleBaseError: the model is registered, and main changed since the decision.
        RegistryError: the registry refused the model.
    """
    make_room(ctx, abandon=False)
    _bring_back(ctx, source)
    layout, ports, request = ctx.layout, ctx.ports, ctx.request
    before = read_record(layout.record("decision"), GateDecision)
    version = _registered(ctx)
    # Only the registry knows how often the test images were used before.
    decision = write_decision(ctx) if before.question is not None else before
    archive_run(ctx)
    log_verdict(ctx, decision)
    if decision.verdict == "hold":
        return Adopted(run_id=request.run_id, version=version, promotion=None)
    ports.repository.fetch()
    try:
        require_fresh(ports.repository, base_sha=request.base_sha, main_sha=main_head(ports.repository))
    except StaleBaseError as error:
        raise StaleBaseError(
            f"the model is registered as v{version}, and its evidence is out of date: {error}",
            remedy=f"Run its data on main as it is now: `{request.command_line()}`.",
        ) from error
    with noting(ctx, "wms publish"):
        promotion = publish_promotion(ctx)
    return Adopted(run_id=request.run_id, version=version, promotion=promotion)


def _registered(ctx: Context) -> int:
    """Register the run's model in its own tracking run, and record its version.

    The registry may lack the training, or a part of it, so it gets a run with the metrics and the evidence.
    A model that the registry already has is not registered again.
    """
    layout, registry = ctx.layout, ctx.ports.registry
    result = read_record(layout.record("train"), TrainResult)
    candidate = read_record(layout.record("candidate"), Candidate)
    if candidate.version is not None:
        raise RecordError(
            f"this model is registered already, as v{candidate.version}",
            remedy="See it with `wms model list`.",
        )
    known = {item.weights_sha256: item for item in registry.versions()}.get(result.weights_sha256)
    if known is None:
        result = track_again(ctx, result)
    else:
        result = result.model_copy(update={"run_id": known.run_id, "tracking_complete": True})
    candidate = register(result=result, bundle=layout.bundle, registry=registry)
    write_record(layout.record("train"), result)
    write_record(layout.record("candidate"), candidate)
    if candidate.version is None:
        raise AssertionError("the registry gave no version")
    return candidate.version


def _bring_back(ctx: Context, source: str) -> None:
    """Restore the run in `run/`, with its decision and not yet published."""
    layout = ctx.layout
    folder = Path(source)
    if folder.is_dir():
        for name in ("request", "train", "candidate", "decision"):
            if not (folder / f"{name}.json").is_file():
                raise RecordError(
                    f"{source} holds no {name}.json",
                    remedy="Give the unpacked artifact `run-train-N` of the run, which has all of them.",
                )
        if folder.resolve() != layout.run.resolve():
            clear_run(layout)
            shutil.copytree(folder, layout.run)
    elif re.fullmatch(r"[0-9a-f]{64}", source):
        clear_run(layout)
        restore_run(source, ctx.ports.data_store, layout.run)
    else:
        raise RecordError(
            f"{source} is neither a folder nor the SHA-256 of a run's records",
            remedy="The run's summary and its comment on the commit name the records.",
        )
    restore_model(layout.run, ctx.ports.data_store)
    export_incoming(ctx)
    resume_before(ctx, "wms publish")
