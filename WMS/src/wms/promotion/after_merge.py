"""After a merge: Git must show it, its model is deployed, its branch is deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from wms.core.errors import ForgeError, RepositoryError, StaleBaseError
from wms.core.ports import Forge, Repository
from wms.core.production import MAIN
from wms.core.records.promotion import Merged, Promotion, Proposed

logger = logging.getLogger(__name__)

DEPLOY_WORKFLOW = "deploy-model.yml"
WAITS_SECONDS = (0.5, 1, 2, 4, 8, 16, 30)
"""A hosted Git server may show a merge a little later than its API does."""


def fetch_merge(
    repository: Repository, merge_sha: str, *, pause: Callable[[float], None] = time.sleep
) -> None:
    """Fetch until main has a merge.

    Raises:
        RepositoryError: the remote still does not show the merge; the command can be repeated.
        StaleBaseError: the merge is known, but main was reset since.
    """
    for seconds in (*WAITS_SECONDS, None):
        repository.fetch()
        try:
            if repository.is_ancestor(merge_sha, MAIN):
                return
        except RepositoryError:
            if seconds is None:
                raise
        if seconds is not None:
            logger.info("the remote does not show the merge %s on main yet", merge_sha[:12])
            pause(seconds)
    raise StaleBaseError(f"main no longer has the merge {merge_sha[:12]}: somebody reset it")


def finish_merge(
    repository: Repository, forge: Forge, proposal: Promotion | Proposed, merge_sha: str, *, version: int
) -> Merged:
    """Start the deployment of a merged proposal and delete its branch."""
    undeployed = ask_for_deployment(forge, version)
    repository.delete_branch(proposal.branch, expect=proposal.commit_sha)
    return Merged(
        pull_request=proposal.pull_request,
        commit_sha=proposal.commit_sha,
        merge_sha=merge_sha,
        version=version,
        undeployed=undeployed,
    )


def ask_for_deployment(forge: Forge, version: int) -> str | None:
    """Start the deployment of a merged model; return the reason if that failed.

    A merge by a workflow's own token starts no other workflow, so the deployment is dispatched. The model is
    in production either way: main says so.
    """
    try:
        forge.dispatch(DEPLOY_WORKFLOW, {"version": str(version)})
    except ForgeError as error:
        logger.warning("the deployment of model v%s could not be started: %s", version, error)
        return f"{error}. {error.remedy} Then start {DEPLOY_WORKFLOW} by hand with version {version}."
    return None
