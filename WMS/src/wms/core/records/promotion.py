"""The model in production, and its promotion or rollback."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PositiveInt

from wms.core.errors import RecordError
from wms.core.records.base import Frozen, GitSha, Record, Sha256, canonical_json
from wms.core.records.dataset import BranchHead
from wms.core.records.left_out import LeftOut
from wms.core.records.metrics import MetricSummary

METADATA_PATH = "model-metadata.json"
MANIFEST_PATH = "WMS/data/manifest.jsonl"
POINTER_PATH = "WMS/data/training.dvc"
LOCK_PATH = "dvc.lock"

GENERATED_PATHS = (METADATA_PATH, MANIFEST_PATH, POINTER_PATH, LOCK_PATH)
"""The files that a promotion or a rollback may change: the pipeline writes them, and none is code."""

EVIDENCE_PATHS = (METADATA_PATH, MANIFEST_PATH, POINTER_PATH)
"""A promotion is void if one of these changed on main: its evidence no longer fits."""


class DatasetRef(Frozen):
    """The dataset that a model was trained on."""

    manifest_sha256: Sha256
    pointer_md5: str
    train: int
    val: int
    test: int


class ModelMetadata(Record):
    """`model-metadata.json`: the model in production, as the only source of truth.

    `metrics` are on the test split that decided. `card_sha256` names `model.json`,
    which names the other files of the bundle; `records_sha256` names the archive of the run's
    records, from which the decision can be replayed; both are in the data store. After a rollback the record
    is the earlier one again, except for `kind`, `reason`, `actor` and `changed_at`.
    """

    version: PositiveInt
    weights_sha256: Sha256
    onnx_sha256: Sha256
    run_id: str
    tracking_run_id: str
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    metrics: MetricSummary
    dataset: DatasetRef
    decision_sha256: Sha256
    records_sha256: Sha256
    card_sha256: Sha256
    kind: Literal["promotion", "rollback"] = "promotion"
    reason: str
    actor: str
    changed_at: AwareDatetime


def parse_metadata(data: bytes, *, source: str) -> ModelMetadata | None:
    """The model in production, or `None` where the file says that there is none.

    Raises:
        RecordError: anything else, also for an unreadable or empty file.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise RecordError(f"{source} is not JSON: {error}") from error
    if value == {"schema_version": 1, "version": None}:
        return None
    return ModelMetadata.from_json(data, source=source)


NO_MODEL_JSON = canonical_json({"schema_version": 1, "version": None})
"""What `model-metadata.json` holds until a first model is promoted."""


class RunArchive(Record):
    """The index of a finished run: its records, each kept in the data store by digest."""

    run_id: str
    verdict: Literal["promote", "hold"]
    files: dict[str, Sha256]


def promotion_branch(run_id: str) -> str:
    """The branch of a run's promotion."""
    return f"promote/{run_id}"


class Promotion(Record):
    """The step from one model (or none) to the next, as published for review.

    `files` are the digests of the changed files, by path; merging checks them. `left_out` is what was left
    out of the data branches.
    """

    run_id: str
    branch: str
    base_sha: GitSha
    commit_sha: GitSha
    from_version: PositiveInt | None
    to_version: PositiveInt
    decision_sha256: Sha256
    records_sha256: Sha256
    files: dict[str, Sha256]
    data_branches: tuple[BranchHead, ...]
    left_out: tuple[LeftOut, ...] = ()
    actor: str
    created_at: AwareDatetime
    pull_request: PositiveInt


class Merged(Record):
    """A merged promotion or rollback, and its data branches.

    `kept_branches` got new commits during the run, so they stay for their own run. `taken_branches` stay
    because they have the only pushed copy of what the run left out. `undeployed` says why the deployment
    could not be started, and what to do; `None` if it was started.
    """

    pull_request: PositiveInt
    commit_sha: GitSha
    merge_sha: GitSha
    version: PositiveInt
    deleted_branches: tuple[str, ...] = ()
    kept_branches: tuple[str, ...] = ()
    taken_branches: tuple[str, ...] = ()
    undeployed: str | None = None


class Proposed(Frozen):
    """A rollback that is not merged yet; unless it is `tested`, `ci.yml` must run on its commit first."""

    pull_request: PositiveInt
    branch: str
    commit_sha: GitSha
    tested: bool


class RolledBack(Frozen):
    """The result of a rollback: the restored model, and the merge.

    `merged` is `None` for a plan or a proposal, and with `already`, if the model was in production before.
    `unreleased` says why the releases do not agree with main, and what to do; `None` if they do.
    """

    model: ModelMetadata
    already: bool = False
    proposed: Proposed | None = None
    merged: Merged | None = None
    unreleased: str | None = None
