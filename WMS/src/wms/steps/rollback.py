"""Go back to an earlier model: a pull request of one commit that points back."""

from __future__ import annotations

import logging
from datetime import datetime

from wms.domain.errors import NoProductionModelError, RemoteMovedError, UnmergeableError
from wms.domain.promotion import METADATA_PATH, Merged, ModelMetadata, RolledBack, parse_metadata
from wms.ports import Check, DataStore, Forge, Repository
from wms.steps.complete_merge import ATTEMPTS, require_stored
from wms.steps.production import MAIN, main_head, require_production

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
    dry_run: bool = False,
) -> RolledBack:
    """Put an earlier model back into production.

    The dataset stays: data that was merged is good data whatever model it made. Killed anywhere and
    run again, it ends in the same state.

    Raises:
        NoProductionModelError: there is no such model.
        NotStoredError, DigestMismatchError: its files are not in the data store as they were.
    """
    repository.fetch()
    for _ in range(ATTEMPTS):
        main_sha = main_head(repository)
        current = require_production(repository, main_sha)
        target = rollback_target(model_history(repository, main_sha), version)
        if target.weights_sha256 == current.weights_sha256:
            if not dry_run:
                _delete_merged_branches(repository, main_sha)
            return RolledBack(model=current, already=True)
        require_stored(target, data_store)
        if dry_run:
            return RolledBack(model=target)
        metadata = target.model_copy(
            update={"kind": "rollback", "reason": reason, "actor": actor, "changed_at": now}
        )
        title = f"Roll back to model v{target.version}"
        commit_sha = repository.commit(
            main_sha, {METADATA_PATH: metadata.to_json()}, message=f"{title}\n\n{reason}"
        )
        branch = f"{PREFIX}v{current.version}-to-v{target.version}"
        repository.push(commit_sha, branch, expect=repository.head(branch))
        body = (
            f"From v{current.version} back to v{target.version}.\n\nReason: {reason}\n\nAsked for by {actor}."
        )
        pull_request = forge.open_pull_request(head=branch, base=MAIN, title=title, body=body)
        forge.set_status(
            commit_sha,
            Check(
                context="wms/quality-gate", state="success", description="rollback: weights are in the store"
            ),
        )
        try:
            merge_sha = forge.merge(pull_request.number, sha=commit_sha)
        except (RemoteMovedError, UnmergeableError) as error:
            logger.info("rollback by #%d is tried again: %s", pull_request.number, error)
            repository.fetch()
            continue
        repository.fetch()
        repository.delete_branch(branch, expect=commit_sha)
        merged = Merged(
            pull_request=pull_request.number,
            commit_sha=commit_sha,
            merge_sha=merge_sha,
            version=target.version,
        )
        return RolledBack(model=metadata, merged=merged)
    raise RemoteMovedError(f"main moved {ATTEMPTS} times while rolling back; nothing was merged")


def _delete_merged_branches(repository: Repository, main_sha: str) -> None:
    """Delete what a rollback leaves that was killed between its merge and its end."""
    for branch in repository.branches(PREFIX):
        tip = repository.head(branch)
        if tip is not None and repository.is_ancestor(tip, main_sha):
            repository.delete_branch(branch, expect=tip)
