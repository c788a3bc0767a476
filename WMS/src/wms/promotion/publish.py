"""Publish a promotion: store everything, then one commit on a new branch, then the pull request.

The order is the guarantee: nothing points at data or weights before they are stored, and the
pull request is opened on a commit that is complete. Killed anywhere, the step is simply run again.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import yaml

from wms.core.errors import RecordError
from wms.core.files import link_or_copy, sha256_file, write_bytes
from wms.core.layout import Layout
from wms.core.ports import DataStore, Forge, Repository, StoredDataset
from wms.core.production import MAIN, main_head, metadata_at, require_file
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import DatasetManifest
from wms.core.records.decision import GateDecision
from wms.core.records.left_out import LeftOut
from wms.core.records.promotion import (
    LOCK_PATH,
    MANIFEST_PATH,
    METADATA_PATH,
    POINTER_PATH,
    DatasetRef,
    ModelMetadata,
    Promotion,
    RunArchive,
    promotion_branch,
)
from wms.core.records.run import RunRequest
from wms.core.records.training import CARD_FILE, Candidate, TrainResult
from wms.core.settings import TRAIN_CONFIG
from wms.promotion.evidence import require_fresh

STAGES_PATH = "dvc.yaml"


def publish(
    *,
    layout: Layout,
    request: RunRequest,
    manifest: DatasetManifest,
    result: TrainResult,
    candidate: Candidate,
    decision: GateDecision,
    archive: RunArchive,
    left_out: tuple[LeftOut, ...],
    body: str,
    now: datetime,
    repository: Repository,
    data_store: DataStore,
    forge: Forge,
) -> Promotion:
    """Make the promotion's commit and its pull request.

    Args:
        layout: the workspace; its `run/` holds the dataset, the bundle and the records.
        request: the run.
        manifest: the run's dataset.
        result: the training's record.
        candidate: the model as the registry knows it.
        decision: the gate's; its verdict must be `promote`.
        archive: the run's records, already in the data store.
        left_out: what the data branches hold that did not come in.
        body: the pull request's text.
        now: the time that the metadata states.
        repository: the Git repository.
        data_store: where data and weights go.
        forge: where the pull request goes.

    Raises:
        RecordError: the decision is a hold, or the model is in no registry.
        StaleBaseError: main's dataset or model changed since the run started.
    """
    if decision.verdict != "promote":
        raise RecordError("the gate's decision is a hold: there is nothing to publish")
    if candidate.version is None:
        raise RecordError(
            f"the model is in no registry, so it is not published: {candidate.unregistered}",
            remedy=f"Register it first: `wms model adopt {archive.digest}`.",
        )
    repository.fetch()
    main_sha = main_head(repository)
    require_fresh(repository, base_sha=request.base_sha, main_sha=main_sha)
    production = metadata_at(repository, main_sha)

    stored = data_store.store_dataset(layout.dataset)
    tree = _promotion_tree(layout, request, manifest, stored, main_sha, repository)
    metadata = ModelMetadata(
        version=candidate.version,
        weights_sha256=result.weights_sha256,
        onnx_sha256=result.onnx_sha256,
        run_id=request.run_id,
        tracking_run_id=result.run_id,
        threshold=result.threshold,
        metrics=decision.candidate.summary,
        dataset=DatasetRef(
            manifest_sha256=manifest.digest,
            pointer_md5=stored.md5,
            train=len(manifest.of_split("train")),
            val=len(manifest.of_split("val")),
            test=len(manifest.of_split("test")),
        ),
        decision_sha256=decision.digest,
        records_sha256=archive.digest,
        card_sha256=sha256_file(layout.bundle / CARD_FILE),
        reason=decision.reasons[0],
        actor=request.actor,
        changed_at=now,
    )
    files = {
        METADATA_PATH: metadata.to_json(),
        MANIFEST_PATH: manifest.to_jsonl(),
        POINTER_PATH: stored.pointer,
        LOCK_PATH: data_store.lock_stages(tree),
    }
    shutil.rmtree(tree)

    branch = promotion_branch(request.run_id)
    title = f"Promote model v{metadata.version}: {decision.reasons[0]}"
    commit_sha = repository.commit(main_sha, files, message=f"{title}\n\n{decision.reasons[-1]}")
    repository.push(commit_sha, branch, expect=repository.head(branch))
    pull_request = forge.open_pull_request(
        head=branch, base=MAIN, title=title, body=body, labels=("promotion",)
    )
    return Promotion(
        run_id=request.run_id,
        branch=branch,
        base_sha=main_sha,
        commit_sha=commit_sha,
        from_version=production.version if production else None,
        to_version=metadata.version,
        decision_sha256=decision.digest,
        records_sha256=archive.digest,
        files={path: sha256_hex(data) for path, data in files.items()},
        data_branches=request.branches,
        left_out=left_out,
        actor=request.actor,
        created_at=now,
        pull_request=pull_request.number,
    )


def _promotion_tree(
    layout: Layout,
    request: RunRequest,
    manifest: DatasetManifest,
    stored: StoredDataset,
    main_sha: str,
    repository: Repository,
) -> Path:
    """A folder that looks like main after the promotion, with the run's outputs in place.

    DVC reads it to write `dvc.lock`: the data, the parameters and the outputs of every stage as
    they really were, `train_overrides` included.
    """
    tree = layout.run / "tree"
    if tree.exists():
        shutil.rmtree(tree)
    repository.export(main_sha, "WMS/configs", tree / "WMS/configs")
    write_bytes(tree / STAGES_PATH, require_file(repository, main_sha, STAGES_PATH))
    write_bytes(tree / MANIFEST_PATH, manifest.to_jsonl())
    write_bytes(tree / POINTER_PATH, stored.pointer)
    if request.options.train_overrides:
        settings = yaml.safe_load((tree / TRAIN_CONFIG).read_bytes()) | request.options.train_overrides
        write_bytes(tree / TRAIN_CONFIG, yaml.safe_dump(settings, sort_keys=False).encode())
    dataset = tree / "WMS/data/training"
    for source in sorted(layout.dataset.rglob("*")):
        if source.is_file():
            link_or_copy(source, dataset / source.relative_to(layout.dataset))
    for source in sorted([*layout.run.glob("*.*"), *layout.bundle.iterdir()]):
        if source.is_file():
            link_or_copy(source, tree / "run" / source.relative_to(layout.run))
    return tree
