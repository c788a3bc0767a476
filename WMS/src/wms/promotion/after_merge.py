"""What follows a merge: Git must show it, and its model must be deployed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from wms.core.errors import ForgeError, RepositoryError, StaleBaseError
from wms.core.ports import Forge, Repository
from wms.core.production import MAIN

logger = logging.getLogger(__name__)

DEPLOY_WORKFLOW = "deploy-model.yml"
WAITS_SECONDS = (0.5, 1, 2, 4, 8, 16, 30)
"""A hosted Git server may show a merge a little later than its API does."""


def fetch_merge(
    repository: Repository, merge_sha: str, *, pause: Callable[[float], None] = time.sleep
) -> None:
    """Fetch until main holds a merge.

    Raises:
        RepositoryError: the remote still does not show the merge; the command can be repeated.
        StaleBaseError: the merge is known, and main does not hold it: main was set back since.
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
    raise StaleBaseError(f"main no longer holds the merge {merge_sha[:12]}: somebody set it back")


def ask_for_deployment(forge: Forge, version: int) -> str | None:
    """Start the deployment of a model that was merged; return why not, if it could not be started.

    What a workflow merges with its own token starts no other workflow, so it is asked for. The model is
    in production either way: main says so.
    """
    try:
        forge.dispatch(DEPLOY_WORKFLOW, {"version": str(version)})
    except ForgeError as error:
        logger.warning("the deployment of model v%s could not be started: %s", version, error)
        return f"{error}. {error.remedy} Then start {DEPLOY_WORKFLOW} by hand with version {version}."
    return None
