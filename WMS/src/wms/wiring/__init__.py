"""Creates the adapters from the settings; the only package that imports them."""

from wms.adapters.git.range import read_commits
from wms.adapters.git.state import GitState
from wms.adapters.service import fetch_counts as service_counts
from wms.wiring.hosting import (
    REMOTE,
    forge_of_person,
    github_named,
    open_clone,
    open_github,
    open_state,
)
from wms.wiring.workspace import code_sha, make_workspace, open_registry, open_workspace

__all__ = [
    "REMOTE",
    "GitState",
    "code_sha",
    "forge_of_person",
    "github_named",
    "make_workspace",
    "open_clone",
    "open_github",
    "open_registry",
    "open_state",
    "open_workspace",
    "read_commits",
    "service_counts",
]
