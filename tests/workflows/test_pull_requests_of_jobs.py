"""What a workflow's own pull request leaves behind in the Actions tab."""

from __future__ import annotations

import pytest

from rehearsal.engine.filters import push_starts
from wms.core.records.promotion import LOCK_PATH, MANIFEST_PATH, METADATA_PATH, POINTER_PATH
from workflows.files import WORKFLOWS, load

PROMOTION = (METADATA_PATH, MANIFEST_PATH, POINTER_PATH, LOCK_PATH)
ROLLBACK = (METADATA_PATH,)


@pytest.mark.parametrize("files", [PROMOTION, ROLLBACK], ids=["promotion", "rollback"])
def test_no_run_waits_for_somebody_s_approval(files: tuple[str, ...]) -> None:
    """A run that waits shows a button; clicked, it adds a second required `ci` to a merged commit."""
    started = []
    for path in WORKFLOWS:
        triggers = load(path)[True]
        if isinstance(triggers, dict) and "pull_request" in triggers:
            settings = triggers["pull_request"] or {}
            if push_starts(settings, branch="main", paths=files):
                started.append(path.name)
    assert started == []
