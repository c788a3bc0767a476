"""What a job's `GITHUB_TOKEN` may do."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.workflow import LEVELS, Tree

SCOPES = (
    "actions", "artifact-metadata", "attestations", "checks", "contents", "deployments", "discussions",
    "id-token", "issues", "models", "packages", "pages", "pull-requests", "security-events", "statuses",
)  # fmt: skip
READ_ALL = {scope: "read" for scope in SCOPES if scope != "id-token"}
WRITE_ALL = dict.fromkeys(SCOPES, "write")

RESTRICTED = {"contents": "read", "packages": "read"}
"""The default of new repositories: "Read repository contents and packages permissions"."""

Permissions = Mapping[str, str]


def granted(tree: Tree, outer: Permissions) -> Permissions:
    """What `permissions:` grants: what it does not name is `none`; without it, the outer grant holds."""
    if tree is None:
        return outer
    if isinstance(tree, str):
        return READ_ALL if tree == "read-all" else WRITE_ALL
    return {scope: level for scope, level in tree.items() if level != "none"}


def within(asked: Permissions, allowed: Permissions, *, who: str) -> Permissions:
    """What a called workflow's job asks for, which may not be more than its caller has.

    Raises:
        WorkflowError: it asks for more; GitHub does not start such a workflow.
    """
    for scope, level in asked.items():
        have = allowed.get(scope, "none")
        if LEVELS[level] > LEVELS[have]:
            raise WorkflowError(
                f"{who} asks for `{scope}: {level}`, but the job that calls it has `{scope}: {have}`"
            )
    return asked
