"""The stage that registers what an earlier run had to keep as a candidate, and proposes its promotion."""

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
from wms.core.records.run import RunState
from wms.core.records.training import Candidate, TrainResult
from wms.data.verbs import export_incoming
from wms.gate.archive import archive_run, restore_model, restore_run
from wms.promotion.adopt import adopt
from wms.promotion.evidence import require_fresh
from wms.promotion.verbs import run_publish
from wms.run.current import make_room
from wms.run.graph import JOBS
from wms.run.journal import noting


class Adopted(Frozen):
    """The model's version, and the pull request that proposes it; `None` where the gate said hold."""

    run_id: str
    version: int
    promotion: Promotion | None


def run_adopt(ctx: Context, source: str) -> Adopted:
    """Bring a kept run back into `run/`, register its model, and publish it if the gate said promote.

    Args:
        ctx: the workspace; what lies in its `run/` must have ended.
        source: the folder of a run's parcel, or the SHA-256 of its records in the data store.

    Raises:
        RecordError: there is no such run, it came to no decision, or its model is registered already.
        StaleBaseError: the model is registered, and main moved since it was judged.
        RegistryError: the registry did not take the model.
    """
    make_room(ctx, give_up=False)
    _bring_back(ctx, source)
    layout, ports, request = ctx.layout, ctx.ports, ctx.request
    decision = read_record(layout.record("decision"), GateDecision)
    result, candidate = adopt(
        name=request.run_id,
        result=read_record(layout.record("train"), TrainResult),
        candidate=read_record(layout.record("candidate"), Candidate),
        run=layout.run,
        bundle=layout.bundle,
        registry=ports.registry,
    )
    write_record(layout.record("train"), result)
    write_record(layout.record("candidate"), candidate)
    archive_run(run_id=request.run_id, records=layout.run, bundle=layout.bundle, data_store=ports.data_store)
    version = candidate.version
    if version is None:
        raise AssertionError("it was registered just now")
    if decision.verdict == "hold":
        return Adopted(run_id=request.run_id, version=version, promotion=None)
    ports.repository.fetch()
    try:
        require_fresh(ports.repository, base_sha=request.base_sha, main_sha=main_head(ports.repository))
    except StaleBaseError as error:
        raise StaleBaseError(
            f"the model is registered as v{version}; what was measured then promotes it no more: {error}",
            remedy=f"Judge its data on main as it is now: `{request.command_line()}`.",
        ) from error
    with noting(ctx, "wms publish"):
        promotion = run_publish(ctx)
    return Adopted(run_id=request.run_id, version=version, promotion=promotion)


def _bring_back(ctx: Context, source: str) -> None:
    """Put the run into `run/`, judged and not yet published."""
    layout = ctx.layout
    folder = Path(source)
    if folder.is_dir():
        for name in ("request", "train", "candidate", "decision"):
            if not (folder / f"{name}.json").is_file():
                raise RecordError(
                    f"{source} holds no {name}.json",
                    remedy="Name the unpacked artifact `run-train-N` of the run, which holds all of them.",
                )
        if folder.resolve() != layout.run.resolve():
            _clear(layout.run)
            shutil.copytree(folder, layout.run)
    elif re.fullmatch(r"[0-9a-f]{64}", source):
        _clear(layout.run)
        restore_run(source, ctx.ports.data_store, layout.run)
    else:
        raise RecordError(
            f"{source} is neither a folder nor the SHA-256 of a run's records",
            remedy="The run's summary and its comment on the commit name the records.",
        )
    restore_model(layout.run, ctx.ports.data_store)
    export_incoming(ctx)
    done = [job.name for job in JOBS if job.when == "success" and not job.transient]
    state = RunState(run_id=ctx.request.run_id, jobs=dict.fromkeys(done, "done"))
    write_record(layout.record("state"), state)


def _clear(run: Path) -> None:
    if run.exists():
        shutil.rmtree(run)
