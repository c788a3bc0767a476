"""Go back to an earlier model: a pull request of one commit that points back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from wms.core.errors import (
    NoProductionModelError,
    RecordError,
    RemoteMovedError,
    UnmergeableError,
    UntestedCommitError,
)
from wms.core.ports import Check, DataStore, Forge, Repository
from wms.core.production import MAIN, main_head, require_production
from wms.core.records.promotion import (
    METADATA_PATH,
    Merged,
    ModelMetadata,
    Proposed,
    RolledBack,
    parse_metadata,
)
from wms.promotion.after_merge import ask_for_deployment, fetch_merge
from wms.promotion.merge import ATTEMPTS, require_stored
from wms.promotion.tested import ci_evidence, post_ci

logger = logging.getLogger(__name__)

PREFIX = "rollback/"


def model_history(repository: Repository, rev: str) -> tuple[ModelMetadata, ...]:
    """Every state of production on the first-parent line of a revision, newest first."""
    states = []
    for commit in repository.history(rev, METADATA_PATH):
        data = repository.read_file(commit.sha, METADATA_PATH)
        metadata = parse_metadata(data, source=f"{METADATA_PATH} at {commit.sha[:12]}") if data else None
        if metadata is not None:
            states.append(metadata)
    return tuple(states)


def rollback_target(history: tuple[ModelMetadata, ...], version: int | None) -> ModelMetadata:
    """The model to go back to: the named one, or what was in production before the last promotion.

    Without a version a rollback takes the last promotion back and no more: where that is done
    already, the model in production is the answer. So it can be repeated, and whoever wants to go
    further back says how far.

    Raises:
        NoProductionModelError: there is no such model, or none before the current one.
    """
    if version is not None:
        promotions = [state for state in history if state.kind == "promotion"]
        for state in promotions:
            if state.version == version:
                return state
        known = ", ".join(f"v{state.version}" for state in promotions) or "none"
        raise NoProductionModelError(
            f"no model v{version} was ever in production (there were: {known})", remedy="Name one of those."
        )
    if history and history[0].kind == "rollback":
        return history[0]
    for state in history[1:]:
        if state.weights_sha256 != history[0].weights_sha256:
            return state
    raise NoProductionModelError("there is no earlier model to go back to", remedy="See `wms model history`.")


def roll_back(
    *,
    version: int | None,
    reason: str,
    actor: str,
    now: datetime,
    repository: Repository,
    data_store: DataStore,
    forge: Forge,
    describe: Callable[[ModelMetadata, ModelMetadata], str],
    dry_run: bool = False,
    propose: bool = False,
    ci_passed: str | None = None,
) -> RolledBack:
    """Put an earlier model back into production.

    The dataset stays: data that was merged is good data whatever model it made. Killed anywhere and
    run again, it ends in the same state. An open proposal that still says the same is merged as it
    is, so that what the CI ran on is what comes to main.

    Args:
        version: the model to go back to, see `rollback_target`.
        reason: kept with the change.
        actor: who asks for it.
        now: the time that the metadata states.
        repository: the Git repository.
        data_store: where the model's files lie.
        forge: where the pull request goes.
        describe: writes its text, from the model in production and the one to go back to.
        dry_run: only say which model it would be.
        propose: open the pull request and leave it open, for the CI to run on its commit.
        ci_passed: the commit that `ci.yml` was called on and passed, see `complete_merge`.

    Raises:
        NoProductionModelError: there is no such model.
        NotStoredError, DigestMismatchError: its files are not in the data store as they were.
        UntestedCommitError: main moved since the proposal that the CI ran on.
    """
    repository.fetch()
    for _ in range(ATTEMPTS):
        main_sha = main_head(repository)
        current = require_production(repository, main_sha)
        target = rollback_target(model_history(repository, main_sha), version)
        if target.weights_sha256 == current.weights_sha256:
            if not dry_run:
                _finish_merged(repository, forge, main_sha, current)
            return RolledBack(model=current, already=True)
        require_stored(target, data_store)
        if dry_run:
            return RolledBack(model=target)
        branch = f"{PREFIX}v{current.version}-to-v{target.version}"
        title = f"Roll back to model v{target.version}"
        commit_sha = open_proposal(repository, branch, main_sha, target)
        if commit_sha is None:
            _require_no_claim(ci_passed)
            metadata = target.model_copy(
                update={"kind": "rollback", "reason": reason, "actor": actor, "changed_at": now}
            )
            commit_sha = repository.commit(
                main_sha, {METADATA_PATH: metadata.to_json()}, message=f"{title}\n\n{reason}"
            )
            repository.push(commit_sha, branch, expect=repository.head(branch))
        metadata = require_production(repository, commit_sha)
        evidence = ci_evidence(
            commit_sha,
            base_sha=main_sha,
            main_sha=main_sha,
            ci_passed=ci_passed,
            repository=repository,
            forge=forge,
        )
        pull_request = forge.open_pull_request(
            head=branch, base=MAIN, title=title, body=describe(current, metadata), labels=("rollback",)
        )
        _post_statuses(forge, commit_sha, evidence)
        if propose:
            proposed = Proposed(
                pull_request=pull_request.number,
                branch=branch,
                commit_sha=commit_sha,
                tested=evidence is not None,
            )
            return RolledBack(model=metadata, proposed=proposed)
        try:
            merge_sha = forge.merge(pull_request.number, sha=commit_sha)
        except (RemoteMovedError, UnmergeableError) as error:
            logger.info("rollback by #%d is tried again: %s", pull_request.number, error)
            repository.fetch()
            continue
        fetch_merge(repository, merge_sha)
        undeployed = ask_for_deployment(forge, target.version)
        repository.delete_branch(branch, expect=commit_sha)
        merged = Merged(
            pull_request=pull_request.number,
            commit_sha=commit_sha,
            merge_sha=merge_sha,
            version=target.version,
            undeployed=undeployed,
        )
        return RolledBack(model=metadata, merged=merged)
    raise RemoteMovedError(f"main moved {ATTEMPTS} times while rolling back; nothing was merged")


def open_proposal(repository: Repository, branch: str, main_sha: str, target: ModelMetadata) -> str | None:
    """The tip of a rollback's branch, if it is main as it stands now with nothing but this model put back.

    Whatever else somebody pushed to the branch is no proposal, and neither is one that main left behind.
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
    said = found.model_dump(include={"reason", "actor", "changed_at"})
    return tip if found == target.model_copy(update={"kind": "rollback", **said}) else None


def _require_no_claim(ci_passed: str | None) -> None:
    if ci_passed is not None:
        raise UntestedCommitError(
            f"the CI passed on {ci_passed[:12]}, which is no rollback of main as it stands now",
            remedy="Propose the rollback again (--propose), and let the CI run on its commit.",
        )


def _post_statuses(forge: Forge, commit_sha: str, evidence: str | None) -> None:
    stored = Check(
        context="wms/quality-gate", state="success", description="rollback: weights are in the store"
    )
    forge.set_status(commit_sha, stored)
    post_ci(forge, commit_sha, evidence)


def _finish_merged(repository: Repository, forge: Forge, main_sha: str, current: ModelMetadata) -> None:
    """Do what a rollback leaves undone that was killed between its merge and its end."""
    for branch in repository.branches(PREFIX):
        tip = repository.head(branch)
        if tip is not None and repository.is_ancestor(tip, main_sha):
            ask_for_deployment(forge, current.version)
            repository.delete_branch(branch, expect=tip)
