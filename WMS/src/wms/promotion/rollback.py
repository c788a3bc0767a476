"""Go back to an earlier model, by a pull request of one commit."""

from __future__ import annotations

import logging

from wms.core.context import Context
from wms.core.errors import (
    Code,
    InputError,
    NoProductionModelError,
    RecordError,
    RemoteMovedError,
    UnmergeableError,
    WmsError,
)
from wms.core.ports import Forge, Repository
from wms.core.production import MAIN, main_head, model_history, require_production, rollback_target
from wms.core.records.promotion import METADATA_PATH, ModelMetadata, Proposed, RolledBack
from wms.promotion.after_merge import ask_for_deployment, fetch_merge, finish_merge
from wms.promotion.merge import ATTEMPTS, require_stored
from wms.promotion.reconcile import reconcile_if_there
from wms.promotion.release import release_production
from wms.promotion.tested import ci_evidence, post_ci, post_success
from wms.report.markdown import rollback_body

logger = logging.getLogger(__name__)

PREFIX = "rollback/"


def roll_back(
    ctx: Context,
    *,
    version: int | None,
    reason: str,
    dry_run: bool = False,
    propose: bool = False,
    ci_passed: str | None = None,
) -> RolledBack:
    """Put an earlier model back into production, and move the registry's alias and the release's mark.

    The dataset stays: merged data is good data whatever model it made. If it is killed and run again, it ends
    in the same state. An open proposal with the same content is merged as it is, so that the commit that the
    CI ran on comes to main.

    `version` is the model to go back to, see `rollback_target`; `dry_run` only shows which one it would be.
    `propose` leaves the pull request open, for the CI to run on its commit. `ci_passed` is the commit that
    `ci.yml` was called on and passed, see `merge_promotion`.

    Raises:
        NoProductionModelError: there is no such model.
        DataStoreError, RecordError: a file of it is missing or damaged in the data store.
        InputError: main moved since the proposal that the CI ran on.
    """
    repository = ctx.ports.repository
    repository.fetch()
    for _ in range(ATTEMPTS):
        main_sha = main_head(repository)
        current = require_production(repository, main_sha)
        target = rollback_target(model_history(repository, main_sha), version)
        if target.weights_sha256 == current.weights_sha256:
            done = RolledBack(model=current, already=True)
            if dry_run:
                return done
            _finish_merged(repository, ctx.ports.forge, main_sha, current)
            return _followed(ctx, done)
        require_stored(target, ctx.ports.data_store)
        if dry_run:
            return RolledBack(model=target)
        proposed = _proposal(ctx, current, target, reason=reason, ci_passed=ci_passed)
        metadata = require_production(repository, proposed.commit_sha)
        if propose:
            return RolledBack(model=metadata, proposed=proposed)
        try:
            merge_sha = ctx.ports.forge.merge(proposed.pull_request, sha=proposed.commit_sha)
        except (RemoteMovedError, UnmergeableError) as error:
            logger.info("rollback by #%d is tried again: %s", proposed.pull_request, error)
            repository.fetch()
            continue
        fetch_merge(repository, merge_sha)
        merged = finish_merge(repository, ctx.ports.forge, proposed, merge_sha, version=target.version)
        return _followed(ctx, RolledBack(model=metadata, merged=merged))
    raise RemoteMovedError(f"main moved {ATTEMPTS} times while rolling back; nothing was merged")


def _proposal(
    ctx: Context, current: ModelMetadata, target: ModelMetadata, *, reason: str, ci_passed: str | None
) -> Proposed:
    """The rollback's pull request, new or found, with the statuses of its commit."""
    repository, forge = ctx.ports.repository, ctx.ports.forge
    main_sha = main_head(repository)
    branch = f"{PREFIX}v{current.version}-to-v{target.version}"
    title = f"Roll back to model v{target.version}"
    commit_sha = _open_proposal(repository, branch, main_sha, target)
    if commit_sha is None:
        if ci_passed is not None:
            raise InputError(
                f"the CI passed on {ci_passed[:12]}, which is not a rollback of the present main",
                Code.UNTESTED_COMMIT,
                remedy="Propose the rollback again (--propose), and let the CI run on its commit.",
            )
        metadata = target.model_copy(
            update={"kind": "rollback", "reason": reason, "actor": ctx.actor, "changed_at": ctx.clock()}
        )
        commit_sha = repository.commit(
            main_sha, {METADATA_PATH: metadata.to_json()}, message=f"{title}\n\n{reason}"
        )
        repository.push(commit_sha, branch, expect=repository.head(branch))
    evidence = ci_evidence(
        commit_sha, repository, forge, base_sha=main_sha, main_sha=main_sha, ci_passed=ci_passed
    )
    body = rollback_body(current, require_production(repository, commit_sha), run_url=ctx.run_url)
    pull_request = forge.open_pull_request(
        head=branch, base=MAIN, title=title, body=body, labels=("rollback",)
    )
    post_success(forge, commit_sha, "wms/quality-gate", "rollback: weights are in the store")
    post_ci(forge, commit_sha, evidence)
    return Proposed(
        pull_request=pull_request.number, branch=branch, commit_sha=commit_sha, tested=evidence is not None
    )


def _followed(ctx: Context, done: RolledBack) -> RolledBack:
    """Update the registry and the releases. A failed release is reported only: the rollback is done."""
    reconcile_if_there(ctx)
    try:
        release_production(ctx)
    except WmsError as error:
        why = f"{error}. {error.remedy} Then run `wms model release`."
        return done.model_copy(update={"unreleased": why})
    return done


def _open_proposal(repository: Repository, branch: str, main_sha: str, target: ModelMetadata) -> str | None:
    """The tip of a rollback's branch, if it is the present main with only this model restored.

    Anything else on the branch is not a proposal, and neither is one on top of an older main.
    """
    tip = repository.head(branch)
    if tip is None or repository.parents(tip) != (main_sha,):
        return None
    if repository.changed_paths(main_sha, tip) != (METADATA_PATH,):
        return None
    try:
        found = require_production(repository, tip)
    except (RecordError, NoProductionModelError):
        return None
    given = found.model_dump(include={"reason", "actor", "changed_at"})
    return tip if found == target.model_copy(update={"kind": "rollback", **given}) else None


def _finish_merged(repository: Repository, forge: Forge, main_sha: str, current: ModelMetadata) -> None:
    """Finish a rollback that was killed after its merge."""
    for branch in repository.branches(PREFIX):
        tip = repository.head(branch)
        if tip is not None and repository.is_ancestor(tip, main_sha):
            ask_for_deployment(forge, current.version)
            repository.delete_branch(branch, expect=tip)
