"""Creates the adapters from the settings; the only package that imports them."""

from wms.adapters.git.state import GitState
from wms.wiring.hosting import (
    REMOTE,
    forge_of_person,
    github_named,
    local_commits,
    open_clone,
    open_github,
    open_state,
)
from wms.wiring.workspace import MODEL_NAME, code_sha, make_workspace, open_workspace

__all__ = [
    "MODEL_NAME",
    "REMOTE",
    "GitState",
    "code_sha",
    "forge_of_person",
    "github_named",
    "local_commits",
    "make_workspace",
    "open_clone",
    "open_github",
    "open_state",
    "open_workspace",
]
