"""Workflow files as they stand at a commit."""

from __future__ import annotations

from rehearsal.engine.node import WorkflowError
from rehearsal.engine.workflow import Workflow
from rehearsal.engine.world import World


def read_workflow(world: World, sha: str, path: str) -> Workflow:
    """A workflow file at a commit of the remote.

    Raises:
        WorkflowError: there is none, or GitHub's parser refuses it.
    """
    text = world.remote.read(sha, path)
    if text is None:
        raise WorkflowError(f"there is no {path} at {sha}")
    return Workflow(path=path, tree=world.node.parse("workflow", path, text))
