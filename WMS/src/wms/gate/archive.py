"""Keep a run's records and weights in the data store, so that nothing needs the instance later."""

from __future__ import annotations

from pathlib import Path

from wms.core.context import Context
from wms.core.files import read_record, write_record
from wms.core.ports import DataStore
from wms.core.records.decision import GateDecision
from wms.core.records.promotion import RunArchive

NOT_ARCHIVED = {"archive.json", "state.json", "promotion.json", "merged.json"}
"""Records that come after the archive, or describe only this machine's progress."""


def archive_run(ctx: Context) -> RunArchive:
    """Store every record of the run in `run/` and its model bundle by digest.

    Returns the index; it is stored as a blob too, under its own digest.
    """
    layout, store = ctx.layout, ctx.ports.data_store
    decision = read_record(layout.record("decision"), GateDecision)
    files = sorted(path for kind in ("*.json", "*.jsonl", "*.csv") for path in layout.run.glob(kind))
    stored = {path.name: store.put_blob(path) for path in files if path.name not in NOT_ARCHIVED}
    for path in sorted(layout.bundle.iterdir()):
        stored[f"model/{path.name}"] = store.put_blob(path)
    archive = RunArchive(run_id=ctx.request.run_id, verdict=decision.verdict, files=stored)
    write_record(layout.record("archive"), archive)
    store.put_blob(layout.record("archive"))
    return archive


def restore_run(records_sha256: str, data_store: DataStore, to: Path) -> RunArchive:
    """Fetch an archived run's records (not the weights) into a folder, checking every digest."""
    index = to / "archive.json"
    to.mkdir(parents=True, exist_ok=True)
    data_store.get_blob(records_sha256, index)
    archive = read_record(index, RunArchive)
    for name, sha256 in archive.files.items():
        if not name.startswith("model/"):
            data_store.get_blob(sha256, to / name)
    return archive


def restore_model(run: Path, data_store: DataStore) -> None:
    """Fetch the weights of an archived run into its folder, unless they are there, checking every digest.

    A run that has no archive yet has its weights with it.
    """
    index = run / "archive.json"
    archive = read_record(index, RunArchive) if index.is_file() else None
    for name, sha256 in archive.files.items() if archive else ():
        if name.startswith("model/") and not (run / name).is_file():
            (run / name).parent.mkdir(exist_ok=True)
            data_store.get_blob(sha256, run / name)
