"""All records of one run, as far as they exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from wms.core.errors import RecordError
from wms.core.files import read_record
from wms.core.records.base import Frozen, Record
from wms.core.records.dataset import DatasetManifest, MergePlan, ValidationReport
from wms.core.records.decision import GateDecision
from wms.core.records.evaluation import EvalReport
from wms.core.records.promotion import Merged, Promotion, RunArchive
from wms.core.records.run import RunRequest, RunState
from wms.core.records.split import SplitPlan
from wms.core.records.training import Candidate, TrainResult

MANIFESTS = {"base_manifest": "base.jsonl", "manifest": "manifest.jsonl"}


class RunRecords(Frozen):
    """What a run folder holds. A record that was never written, because the run ended before it, is `None`.

    Each field's file is its name with dashes, such as `evaluation-champion.json`. `base_manifest`
    (`base.jsonl`) is the dataset of main that the run started from, `manifest` the run's own.
    """

    request: RunRequest | None = None
    merge: MergePlan | None = None
    validation: ValidationReport | None = None
    split: SplitPlan | None = None
    base_manifest: DatasetManifest | None = None
    manifest: DatasetManifest | None = None
    train: TrainResult | None = None
    candidate: Candidate | None = None
    evaluation: EvalReport | None = None
    evaluation_champion: EvalReport | None = None
    evaluation_newcomers: EvalReport | None = None
    evaluation_newcomers_champion: EvalReport | None = None
    evaluation_added: EvalReport | None = None
    decision: GateDecision | None = None
    archive: RunArchive | None = None
    promotion: Promotion | None = None
    merged: Merged | None = None
    state: RunState | None = None

    @classmethod
    def load(cls, run: Path) -> RunRecords:
        """Read a run folder.

        Raises:
            RecordError: the folder is not there, or a record in it is unreadable or of another kind.
        """
        try:
            there = {path.name for path in run.iterdir()}
        except OSError as error:
            raise RecordError(f"{run} holds no run: {error.strerror}") from error
        found: dict[str, Any] = {
            field: read_record(run / name, kind)
            for field, kind in KINDS.items()
            if (name := f"{field.replace('_', '-')}.json") in there
        }
        found |= {field: _manifest(run / name) for field, name in MANIFESTS.items() if name in there}
        return cls(**found)


KINDS: dict[str, type[Record]] = {
    field: get_args(info.annotation)[0]
    for field, info in RunRecords.model_fields.items()
    if field not in MANIFESTS
}
"""The kind of each record, by field."""


def _manifest(path: Path) -> DatasetManifest:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    return DatasetManifest.from_jsonl(data, source=str(path))
