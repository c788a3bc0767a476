"""Go back to an earlier model: a pull request of one commit that points back."""

from __future__ import annotations

from datetime import datetime

from wms.domain.errors import NoProductionModelError, RemoteMovedError
from wms.domain.promotion import METADATA_PATH, Merged, ModelMetadata, parse_metadata
from wms.ports import Check, DataStore, Forge, Repository
from wms.steps.complete_merge import ATTEMPTS, require_stored
from wms.steps.production import MAIN, main_head, require_production


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
    """The model to go back to: the named version, or the one promoted before the current one.

    Without a version each rollback goes one promotion further back, never forth again.

    Raises:
        NoProductionModelError: there is no such model, or none before the current one.
    """
    promotions = [state for state in history if state.kind == "promotion"]
    if version is not None:
        for state in promotions:
            if state.version == version:
                return state
        known = ", ".join(f"v{state.version}" for state in promotions) or "none"
        raise NoProductionModelError(
            f"no model v{version} was ever in production (there were: {known})", remedy="Name one of those."
        )
    current = history[0].version if history else None
    versions = [state.version for state in promotions]
    if current is None or current not in versions or versions.index(current) + 1 == len(versions):
        raise NoProductionModelError(
            "there is no earlier model to go back to", remedy="See `wms model history`."
        )
    return promotions[versions.index(current) + 1]


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
) -> tuple[ModelMetadata, Merged | None]:
    """Put an earlier model back into production.

    The dataset stays: data that was merged is good data whatever model it made. Returns the model
    that is then in production, and the merge, or `None` where nothing was to be done or asked for.

    Raises:
        NoProductionModelError: there is no such model.
        DataStoreError: its files are not in the data store.
    """
    repository.fetch()
    for _ in range(ATTEMPTS):
        main_sha = main_head(repository)
        current = require_production(repository, main_sha)
        target = rollback_target(model_history(repository, main_sha), version)
        require_stored(target, data_store)
        if dry_run or target.weights_sha256 == current.weights_sha256:
            return target, None
        metadata = target.model_copy(
            update={"kind": "rollback", "reason": reason, "actor": actor, "changed_at": now}
        )
        title = f"Roll back to model v{target.version}"
        commit_sha = repository.commit(
            main_sha, {METADATA_PATH: metadata.to_json()}, message=f"{title}\n\n{reason}"
        )
        branch = f"rollback/v{current.version}-to-v{target.version}-{main_sha[:8]}"
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
        except RemoteMovedError:
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
        return metadata, merged
    raise RemoteMovedError(f"main moved {ATTEMPTS} times while rolling back; nothing was merged")
