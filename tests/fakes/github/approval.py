"""Which runs a workflow's own pull request leaves waiting for somebody's approval.

Since 2026-06-11 a pull request of `github-actions[bot]` creates the runs that a person's would start; they
wait, with the conclusion `action_required`, until somebody with write access approves them.
"""

from __future__ import annotations

from typing import Any

import yaml

from fakes.github.hub import Hub
from fakes.github.records import Pull, WorkflowRun
from rehearsal.engine.filters import push_starts

WORKFLOWS = ".github/workflows"


def runs_that_wait_for_approval(hub: Hub, pull: Pull) -> list[WorkflowRun]:
    """One run for each workflow that a pull request with these files starts."""
    # "base...head": what the pull request itself changes.
    _, listed = hub.git.run("diff", "--name-only", f"{pull.base}...{pull.head}")
    return [
        WorkflowRun(
            id=hub.next_id(),
            workflow=name,
            event="pull_request",
            head_branch=pull.head,
            head_sha=pull.head_sha,
            status="completed",
            conclusion="action_required",
        )
        for name, settings in _triggered(hub, pull.base)
        if push_starts(settings, branch=pull.base, paths=listed.splitlines())
    ]


def _triggered(hub: Hub, branch: str) -> list[tuple[str, dict[str, Any]]]:
    """The workflows of a branch that pull requests start, with their filters."""
    found = []
    _, listed = hub.git.run("ls-tree", "--name-only", f"refs/heads/{branch}", f"{WORKFLOWS}/")
    for path in listed.splitlines():
        text = hub.git.file(f"refs/heads/{branch}", path)
        document = yaml.safe_load(text or "") or {}
        triggers = document.get("on", document.get(True, {}))  # YAML 1.1 reads the key `on` as a boolean.
        if isinstance(triggers, (str, list)):
            triggers = dict.fromkeys([triggers] if isinstance(triggers, str) else triggers)
        if "pull_request" in triggers:
            found.append((path.removeprefix(f"{WORKFLOWS}/"), triggers["pull_request"] or {}))
    return found
