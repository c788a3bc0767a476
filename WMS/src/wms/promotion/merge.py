"""Merge a published promotion: check it again, merge exactly its commit, clean up."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import Code, DataStoreError, ForgeError, RemoteMovedError, UnmergeableError
from wms.core.files import read_record, write_record
from wms.core.ports import DataStore, Forge, Repository
from wms.core.production import main_head, manifest_at, metadata_at, require_file, require_production
from wms.core.records.dataset import BranchHead
from wms.core.records.decision import GateDecision
from wms.core.records.left_out import LeftOut
from wms.core.records.promotion import POINTER_PATH, Merged, ModelMetadata, Promotion
from wms.data.announce import announce_taken
from wms.gate.decide import replay
from wms.gate.verdict import read_inputs
from wms.promotion.after_merge import fetch_merge, finish_merge
from wms.promotion.evidence import policy_at, require_commit_holds, require_decision_fits, require_fresh
from wms.promotion.reconcile import reconcile_if_there
from wms.promotion.tested import ci_evidence, post_ci, post_success, require_generated_only

logger = logging.getLogger(__name__)

ATTEMPTS = 5
"""How often a merge is tried while main keeps moving without a change to the evidence."""


def merge_promotion(ctx: Context, *, ci_passed: str | None = None) -> Merged:
    """Replay the decision on the promotion's commit, post the statuses, merge, start the deployment.

    Data branches are deleted, except those of which something was left out: they hold the only pushed copy
    of it. Then the registry's alias is moved. All checks are made on the remote as it is now, not on what the
    run remembers. Run again after a crash, it resumes: after a merge only the cleanup is left.

    `ci_passed` is the commit that `ci.yml` was called on and passed. Without it the status `ci` is posted
    only if the code below the commit passed before (`promotion/tested.py`).

    Raises:
        InputError: the CI ran on another commit than the published one.
        StaleBaseError: main's dataset, model or gate changed since.
        UnmergeableError: the pull request was closed, conflicts with main, or its branch moved.
        DataStoreError, RecordError: the decision does not support what the commit would put in production, or
            the commit, the weights or the records are not what was published.
        ForgeError: the merge was refused for now.
    """
    repository = ctx.ports.repository
    promotion = read_record(ctx.layout.record("promotion"), Promotion)
    merge_sha = _merged(ctx, promotion, ci_passed)
    fetch_merge(repository, merge_sha)
    require_commit_holds(repository, merge_sha, promotion.files)
    merged = finish_merge(repository, ctx.ports.forge, promotion, merge_sha, version=promotion.to_version)
    left_out = {item.branch: item for item in promotion.left_out}
    settled: dict[str, tuple[str, ...]] = {}
    for branch in promotion.data_branches:
        how = _settle(ctx, branch, left_out.get(branch.name), version=merged.version)
        settled[how] = (*settled.get(how, ()), branch.name)
    merged = merged.model_copy(update=settled)
    write_record(ctx.layout.record("merged"), merged)
    reconcile_if_there(ctx)
    return merged


def _merged(ctx: Context, promotion: Promotion, ci_passed: str | None) -> str:
    """The merge commit; everything is checked again each time main moved."""
    repository, forge = ctx.ports.repository, ctx.ports.forge
    number, sha = promotion.pull_request, promotion.commit_sha
    decision = read_record(ctx.layout.record("decision"), GateDecision)
    for _ in range(ATTEMPTS):
        repository.fetch()
        merge_sha = _merged_already(promotion, repository, forge)
        if merge_sha is not None:
            return merge_sha
        main_sha = main_head(repository)
        require_fresh(repository, base_sha=promotion.base_sha, main_sha=main_sha)
        evidence = ci_evidence(
            sha, repository, forge, base_sha=promotion.base_sha, main_sha=main_sha, ci_passed=ci_passed
        )
        _verify(ctx, promotion, decision, main_sha)
        post_success(forge, sha, "wms/data", "manifest and digests verified")
        post_success(forge, sha, "wms/quality-gate", f"replayed: {decision.reasons[0]}")
        post_ci(forge, sha, evidence)
        try:
            return forge.merge(number, sha=sha)
        except RemoteMovedError as error:
            logger.info("merge of #%d is tried again: %s", number, error)
    raise ForgeError(f"pull request #{number} was not merged in {ATTEMPTS} attempts")


def _merged_already(promotion: Promotion, repository: Repository, forge: Forge) -> str | None:
    """The merge commit of a merged pull request; `None` while it is open on the published commit.

    Git gives the branch's tip, because it knows of a push before the forge does.
    """
    number, sha = promotion.pull_request, promotion.commit_sha
    pull_request = forge.pull_request(number)
    if pull_request.state == "closed":
        raise UnmergeableError(f"pull request #{number} was closed without merging: {pull_request.url}")
    tip = pull_request.head_sha if pull_request.state == "merged" else repository.head(promotion.branch)
    if tip != sha:
        where = f"is at {tip[:12]}" if tip else "is gone"
        raise UnmergeableError(
            f"{promotion.branch} of pull request #{number} {where}, and {sha[:12]} was published"
        )
    return forge.merge(number, sha=sha) if pull_request.state == "merged" else None


def _verify(ctx: Context, promotion: Promotion, decision: GateDecision, main_sha: str) -> None:
    repository, data_store = ctx.ports.repository, ctx.ports.data_store
    replay(decision, read_inputs(ctx.layout.run))
    sha = promotion.commit_sha
    require_generated_only(repository, base_sha=promotion.base_sha, commit_sha=sha)
    require_commit_holds(repository, sha, promotion.files)
    promoted = require_production(repository, sha)
    require_decision_fits(
        decision,
        promoted=promoted,
        policy=policy_at(repository, main_sha),
        production=metadata_at(repository, main_sha),
        main_manifest=manifest_at(repository, main_sha),
        new_manifest=manifest_at(repository, sha),
    )
    require_stored(promoted, data_store)
    if not data_store.has_dataset(require_file(repository, sha, POINTER_PATH)):
        raise DataStoreError(
            f"the data store has not all files of the dataset that {sha[:12]} names", Code.NOT_STORED
        )


def require_stored(metadata: ModelMetadata, data_store: DataStore) -> None:
    """Check that a model's files and its run's records are in the data store, byte for byte.

    Raises:
        DataStoreError: one is not, so nobody could fetch the model.
        RecordError: one is damaged.
    """
    wanted = {
        "card": metadata.card_sha256,
        "weights": metadata.weights_sha256,
        "ONNX model": metadata.onnx_sha256,
        "records": metadata.records_sha256,
    }
    missing = [name for name, sha256 in wanted.items() if not data_store.has_blob(sha256)]
    if missing:
        raise DataStoreError(
            f"model v{metadata.version} is not in the data store: {', '.join(missing)} missing",
            Code.NOT_STORED,
        )
    with tempfile.TemporaryDirectory(prefix="wms-verify-") as folder:
        for sha256 in wanted.values():
            data_store.get_blob(sha256, Path(folder) / sha256)


def _settle(ctx: Context, branch: BranchHead, left_out: LeftOut | None, *, version: int) -> str:
    """Delete a data branch unless it has new commits or all of what was left out; the field of `Merged`."""
    repository = ctx.ports.repository
    head = repository.head(branch.name)
    if left_out is not None and head == branch.sha:
        announce_taken(ctx, branch, left_out, version=version)
        return "taken_branches"
    gone = head is None or repository.delete_branch(branch.name, expect=branch.sha)
    return "deleted_branches" if gone else "kept_branches"
