"""Commit statuses and check runs on GitHub."""

from __future__ import annotations

from typing import cast

from github.Repository import Repository as GitHubRepository

from wms.core.ports import Check, CheckState

ACTIONS_APP = 15368
"""The app ID of GitHub Actions, whose check runs and statuses count; also in rulesets/main.json."""

ACTIONS_LOGIN = "github-actions[bot]"


def latest_statuses(repository: GitHubRepository, sha: str) -> tuple[Check, ...]:
    """The latest status of every context on a commit, by context."""
    latest: dict[str, Check] = {}
    for status in repository.get_commit(sha).get_statuses():  # newest first
        latest.setdefault(
            status.context,
            Check(
                context=status.context,
                state=cast("CheckState", status.state),
                description=status.description or "",
            ),
        )
    return tuple(latest[context] for context in sorted(latest))


def passed(repository: GitHubRepository, sha: str, context: str) -> bool:
    """Whether GitHub Actions reported a check of a commit as passed, by a check run or by a status.

    Anybody with write access may post a status of any name, so only those of GitHub Actions count
    (https://docs.github.com/en/rest/commits/statuses, https://docs.github.com/en/rest/checks/runs).
    """
    commit = repository.get_commit(sha)
    runs = [
        run
        for run in commit.get_check_runs(check_name=context, filter="latest")
        if run.app is not None and run.app.id == ACTIONS_APP
    ]
    if runs:
        return max(runs, key=lambda run: run.id).conclusion == "success"
    for status in commit.get_statuses():  # newest first
        creator = status.creator.login if status.creator is not None else None
        if status.context == context and creator == ACTIONS_LOGIN:
            return status.state == "success"
    return False
