"""What is in production, and how it got there."""

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
"""What a promotion or a rollback may change: files that the pipeline writes, and no code."""

EVIDENCE_PATHS = (METADATA_PATH, MANIFEST_PATH, POINTER_PATH)
"""A promotion is void once one of these changed on main: its evidence speaks of another state."""


class DatasetRef(Frozen):
    """The dataset that a model was trained on."""

    manifest_sha256: Sha256
    pointer_md5: str
    train: int
    val: int
    test: int


class ModelMetadata(Record):
    """`model-metadata.json`: the model in production, the one source of truth.

    `metrics` are on the test split that decided. `card_sha256` names `model.json`,
    which names the other files of the bundle; `records_sha256` names the archive of the run's
    records, from which the decision can be replayed; both lie in the data store. After a rollback the whole
    record is the earlier one again but for `kind`, `reason`, `actor` and `changed_at`.
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
    """The model in production, or `None` where the file says in so many words that there is none.

    Raises:
        RecordError: anything else, an unreadable or empty file included.
    """
    try:
        value = json.loads(data)
    except ValueError as error:
        raise RecordError(f"{source} is no JSON: {error}") from error
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
    """The branch that a run's promotion is proposed from."""
    return f"promote/{run_id}"


class Promotion(Record):
    """One step from a model (or none) to the next, as published for review.

    `files` are the digests of what the promotion commit changes, by path; merging checks them.
    `left_out` says what the data branches hold that did not come in.
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
    """The end of a promotion or rollback: what `main` became and which data branches went.

    `kept_branches` got new commits while the run worked, so they stay and wait for their own run.
    `taken_branches` stay because they hold the only pushed copy of what the run left out.
    `undeployed` says why the deployment could not be started, and what to do; `None` where it was.
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
    """A rollback that waits to be merged; unless it is `tested`, `ci.yml` has to run on its commit first."""

    pull_request: PositiveInt
    branch: str
    commit_sha: GitSha
    tested: bool


class RolledBack(Frozen):
    """What a rollback came to: the model gone back to, and the merge that did it.

    `merged` is `None` where only a plan or a proposal was asked for, and where `already` says that the
    model was in production before. `unreleased` says why the releases do not agree with main, and what to do;
    `None` where they do.
    """

    model: ModelMetadata
    already: bool = False
    proposed: Proposed | None = None
    merged: Merged | None = None
    unreleased: str | None = None
