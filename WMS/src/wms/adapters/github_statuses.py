"""Commit statuses on GitHub."""

from __future__ import annotations

from typing import cast

from github.Repository import Repository as GitHubRepository

from wms.ports import Check, CheckState


def latest_statuses(repository: GitHubRepository, sha: str) -> tuple[Check, ...]:
    """The latest status of every context on a commit, by context, however many pages there are."""
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
