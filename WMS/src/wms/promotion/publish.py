"""`wms publish`: store everything, then one commit on a new branch, then the pull request.

In this order nothing points at data or weights before they are stored, and the pull request is opened on a
complete commit. If the command is killed, run it again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from wms.core.context import Context
from wms.core.errors import RecordError
from wms.core.files import link_or_copy, read_record, sha256_file, write_bytes, write_record
from wms.core.ports import StoredDataset
from wms.core.production import MAIN, main_head, metadata_at, require_file, require_production
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import MergePlan, ValidationReport
from wms.core.records.decision import GateDecision
from wms.core.records.left_out import left_out
from wms.core.records.promotion import (
    GENERATED_PATHS,
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
from wms.core.records.split import SplitPlan
from wms.core.records.training import CARD_FILE, Candidate, TrainResult
from wms.core.settings import TRAIN_CONFIG
from wms.data.assemble import require_dataset
from wms.gate.reports import stored_gallery
from wms.promotion.evidence import require_fresh
from wms.promotion.tested import ci_evidence
from wms.report.gallery import NO_IMAGES, Gallery
from wms.report.markdown import promotion_body
from wms.report.records import RunRecords

STAGES_PATH = "dvc.yaml"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The records behind a promotion of the registered model `version`."""

    version: int
    training: TrainResult
    decision: GateDecision
    archive: RunArchive

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """The evidence of the run in `run/`.

        Raises:
            RecordError: a record is missing, the decision is a hold or about another model, or the model is
                in no registry.
        """
        training = read_record(ctx.layout.record("train"), TrainResult)
        candidate = read_record(ctx.layout.record("candidate"), Candidate)
        decision = read_record(ctx.layout.record("decision"), GateDecision)
        archive = read_record(ctx.layout.record("archive"), RunArchive)
        if decision.verdict != "promote":
            raise RecordError("the gate's decision is a hold: there is nothing to publish")
        if decision.candidate.weights_sha256 != training.weights_sha256:
            raise RecordError(
                "the gate decided on another model than the one that was trained last",
                remedy="Evaluate this one first: `wms evaluate`, then `wms gate`.",
            )
        if candidate.version is None:
            raise RecordError(
                f"the model is in no registry, so it is not published: {candidate.unregistered}",
                remedy=f"Register it first: `wms model adopt {archive.digest}`.",
            )
        return cls(version=candidate.version, training=training, decision=decision, archive=archive)


def publish_promotion(ctx: Context) -> Promotion:
    """Store data and weights, make the promotion's commit, open its pull request.

    A promotion that is published stays as it is: a repeated job uses the same commit. Its dataset is
    stored again if it is incomplete, as after the loss of a machine.

    Raises:
        RecordError: see `Evidence.of`; or `dvc repro` made the run.
        StaleBaseError: main's dataset or model changed since the run started.
    """
    if ctx.is_published:
        return _published(ctx)
    ctx.require_run_of_main()
    evidence, manifest = Evidence.of(ctx), ctx.manifest()
    layout, repository, data_store = ctx.layout, ctx.ports.repository, ctx.ports.data_store
    require_dataset(ctx)
    body = publication_text(ctx, stored_gallery(ctx))
    repository.fetch()
    main_sha = main_head(repository)
    require_fresh(repository, base_sha=ctx.request.base_sha, main_sha=main_sha)

    stored = data_store.store_dataset(layout.dataset)
    tree = _promotion_tree(ctx, stored, main_sha)
    metadata = _metadata(ctx, evidence, stored)
    files = {
        METADATA_PATH: metadata.to_json(),
        MANIFEST_PATH: manifest.to_jsonl(),
        POINTER_PATH: stored.pointer,
        LOCK_PATH: data_store.lock_stages(tree),
    }
    shutil.rmtree(tree)

    branch = promotion_branch(ctx.request.run_id)
    reasons = evidence.decision.reasons
    title = f"Promote model v{metadata.version}: {reasons[0]}"
    commit_sha = repository.commit(main_sha, files, message=f"{title}\n\n{reasons[-1]}")
    repository.push(commit_sha, branch, expect=repository.head(branch))
    pull_request = ctx.ports.forge.open_pull_request(
        head=branch, base=MAIN, title=title, body=body, labels=("promotion",)
    )
    promotion = describe_promotion(ctx, commit_sha, base_sha=main_sha, pull_request=pull_request.number)
    write_record(layout.record("promotion"), promotion)
    return promotion


def describe_promotion(ctx: Context, commit_sha: str, *, base_sha: str, pull_request: int) -> Promotion:
    """Describe the promotion that the run in `run/` published with a commit on top of `base_sha`.

    Raises:
        RecordError: a record is missing or damaged.
    """
    repository, layout = ctx.ports.repository, ctx.layout
    metadata = require_production(repository, commit_sha)
    production = metadata_at(repository, base_sha)
    return Promotion(
        run_id=metadata.run_id,
        branch=promotion_branch(metadata.run_id),
        base_sha=base_sha,
        commit_sha=commit_sha,
        from_version=production.version if production else None,
        to_version=metadata.version,
        decision_sha256=metadata.decision_sha256,
        records_sha256=metadata.records_sha256,
        files={path: sha256_hex(require_file(repository, commit_sha, path)) for path in GENERATED_PATHS},
        data_branches=ctx.request.branches,
        left_out=left_out(
            read_record(layout.record("merge"), MergePlan),
            read_record(layout.record("validation"), ValidationReport),
            read_record(layout.record("split"), SplitPlan),
        ),
        actor=metadata.actor,
        created_at=metadata.changed_at,
        pull_request=pull_request,
    )


def publication_text(ctx: Context, gallery: Gallery = NO_IMAGES) -> str:
    """The text of this run's pull request, with these images.

    Raises:
        RecordError: the run is not on main.
    """
    ctx.require_run_of_main()
    production = metadata_at(ctx.ports.repository, ctx.request.base_sha)
    return promotion_body(
        RunRecords.load(ctx.layout.run),
        from_version=production.version if production else None,
        gallery=gallery,
        run_url=ctx.run_url,
    )


def is_tested(ctx: Context, promotion: Promotion) -> bool:
    """Whether a promotion's commit has earned the status `ci`, so that `ci.yml` need not run on it."""
    repository, sha, base_sha = ctx.ports.repository, promotion.commit_sha, promotion.base_sha
    main_sha = main_head(repository)
    return ci_evidence(sha, repository, ctx.ports.forge, base_sha=base_sha, main_sha=main_sha) is not None


def _published(ctx: Context) -> Promotion:
    promotion = read_record(ctx.layout.record("promotion"), Promotion)
    pointer = ctx.ports.repository.read_file(promotion.commit_sha, POINTER_PATH)
    if pointer is not None and not ctx.ports.data_store.has_dataset(pointer):
        require_dataset(ctx)
        ctx.ports.data_store.store_dataset(ctx.layout.dataset)
    return promotion


def _metadata(ctx: Context, evidence: Evidence, stored: StoredDataset) -> ModelMetadata:
    manifest, decision, training = ctx.manifest(), evidence.decision, evidence.training
    return ModelMetadata(
        version=evidence.version,
        weights_sha256=training.weights_sha256,
        onnx_sha256=training.onnx_sha256,
        run_id=ctx.request.run_id,
        tracking_run_id=training.run_id,
        threshold=training.threshold,
        metrics=decision.candidate.summary,
        dataset=DatasetRef(
            manifest_sha256=manifest.digest,
            pointer_md5=stored.md5,
            train=len(manifest.of_split("train")),
            val=len(manifest.of_split("val")),
            test=len(manifest.of_split("test")),
        ),
        decision_sha256=decision.digest,
        records_sha256=evidence.archive.digest,
        card_sha256=sha256_file(ctx.layout.bundle / CARD_FILE),
        reason=decision.reasons[0],
        actor=ctx.request.actor,
        changed_at=ctx.clock(),
    )


def _promotion_tree(ctx: Context, stored: StoredDataset, main_sha: str) -> Path:
    """A folder with the files of main after the promotion, and the outputs of the run.

    DVC reads it to write `dvc.lock`: data, parameters and outputs of every stage as they were in the run,
    with its `train_overrides`.
    """
    layout, repository = ctx.layout, ctx.ports.repository
    overrides = ctx.request.options.train_overrides
    tree = layout.run / "tree"
    if tree.exists():
        shutil.rmtree(tree)
    repository.export(main_sha, "WMS/configs", tree / "WMS/configs")
    write_bytes(tree / STAGES_PATH, require_file(repository, main_sha, STAGES_PATH))
    write_bytes(tree / MANIFEST_PATH, ctx.manifest().to_jsonl())
    write_bytes(tree / POINTER_PATH, stored.pointer)
    if overrides:
        settings = yaml.safe_load((tree / TRAIN_CONFIG).read_bytes()) | overrides
        write_bytes(tree / TRAIN_CONFIG, yaml.safe_dump(settings, sort_keys=False).encode())
    dataset = tree / "WMS/data/training"
    for source in sorted(layout.dataset.rglob("*")):
        if source.is_file():
            link_or_copy(source, dataset / source.relative_to(layout.dataset))
    for source in sorted([*layout.run.glob("*.*"), *layout.bundle.iterdir()]):
        if source.is_file():
            link_or_copy(source, tree / "run" / source.relative_to(layout.run))
    return tree
