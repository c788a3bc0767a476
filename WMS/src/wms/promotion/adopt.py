"""Register a model that a run had to keep as a candidate, long after that run."""

from __future__ import annotations

import time
from pathlib import Path

from wms.core.errors import RecordError
from wms.core.ports import Metric, Registry
from wms.core.records.training import Candidate, TrainResult
from wms.training.register import register
from wms.training.tracking import EVIDENCE_FOLDER


def adopt(
    *, name: str, result: TrainResult, candidate: Candidate, run: Path, bundle: Path, registry: Registry
) -> tuple[TrainResult, Candidate]:
    """Open a tracking run for the training, with its metrics and evidence, and register its model there.

    The registry may never have heard of the training, or not of all of it; so it gets a run of its own,
    tagged with the earlier one's ID. A model that is registered by now is not registered again.

    Args:
        name: the tracking run's name.
        result: the training's record.
        candidate: what the run made of it; it has no version.
        run: the run's folder.
        bundle: the folder with the model's files.
        registry: where it goes.

    Returns:
        both records as they are now.

    Raises:
        RecordError: the candidate is registered already.
        RegistryError: the registry did not take it.
    """
    if candidate.version is not None:
        raise RecordError(
            f"this model is registered already, as v{candidate.version}",
            remedy="See it with `wms model list`.",
        )
    known = {item.weights_sha256: item for item in registry.versions()}.get(result.weights_sha256)
    run_id = known.run_id if known else _tracking_run(name, result, run / EVIDENCE_FOLDER, registry)
    adopted = result.model_copy(update={"run_id": run_id, "tracking_complete": True})
    registered = register(result=adopted, bundle=bundle, registry=registry)
    if known is None:
        registry.end_run(run_id, "finished")
    return adopted, registered


def _tracking_run(name: str, result: TrainResult, evidence: Path, registry: Registry) -> str:
    provenance = {key: str(value) for key, value in result.provenance.model_dump().items()}
    run_id = registry.start_run(name, params={}, tags={**provenance, "adopted_from": result.run_id})
    registry.log_metrics(run_id, _metrics(result))
    if evidence.is_dir():
        registry.log_files(run_id, evidence, under=EVIDENCE_FOLDER)
    return run_id


def _metrics(result: TrainResult) -> list[Metric]:
    """Every epoch's, as of now: when each was measured is in the run's spool at most."""
    now_ms = int(time.time() * 1000)
    return [
        Metric(name=name, value=float(value), step=epoch.epoch, timestamp_ms=now_ms)
        for epoch in result.epochs
        for name, value in epoch.model_dump(exclude={"epoch"}).items()
    ]
