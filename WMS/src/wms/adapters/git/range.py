"""The commits of this clone that a push would send."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from wms.adapters.git.cli import Git
from wms.core.errors import RepositoryError
from wms.core.records.commits import LocalCommit, LocalCommits


def read_commits(root: Path, spec: str) -> LocalCommits:
    """Read `BASE..TIP`, or the whole history of `TIP`.

    Raises:
        RepositoryError: an end of the range is not a commit of this clone.
    """
    git = Git(root)
    base, dots, tip = spec.rpartition("..")
    tip_sha = _commit(git, tip)
    shared: str | None = None
    exclude: tuple[str, ...] = ()
    if dots:
        base_sha = _commit(git, base)
        shared = git.run("merge-base", base_sha, tip_sha, ok=(0, 1)).line or None
        exclude = (f"^{base_sha}",)
    name = git.run("rev-parse", "--symbolic-full-name", tip).line
    current = git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1)).line
    if name == "HEAD":
        name = current
    seconds = int(git.run("show", "--no-patch", "--format=%ct", tip_sha).line)
    return LocalCommits(
        base=shared,
        tip=tip_sha,
        at=datetime.fromtimestamp(seconds, UTC),
        branch=name.removeprefix("refs/heads/") if name.startswith("refs/heads/") else None,
        checked_out=bool(name) and name == current,
        commits=_changes(git, git.run("rev-list", tip_sha, *exclude).out),
    )


def _commit(git: Git, name: str) -> str:
    found = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", ok=(0, 1))
    if found.code != 0:
        raise RepositoryError(
            f"{name!r} names no commit here", remedy="Name commits as in `origin/main..main`."
        )
    return found.line


def _changes(git: Git, shas: bytes) -> tuple[LocalCommit, ...]:
    """What each commit changed; for a merge, what differs from all its parents."""
    arguments = ("-r", "-c", "--root", "--raw", "-z", "--no-renames")
    fields = iter(git.run("diff-tree", "--stdin", *arguments, stdin=shas).out.split(b"\0")[:-1])
    changes: dict[str, tuple[list[str], list[str]]] = {sha.decode(): ([], []) for sha in shas.split()}
    sha = ""
    for field in fields:
        if field.startswith(b":"):
            removed = field.endswith(b"D")
            changes[sha][removed].append(os.fsdecode(next(fields)))
        else:
            sha = field.decode()
    return tuple(
        LocalCommit(sha=sha, written=tuple(written), removed=tuple(removed))
        for sha, (written, removed) in changes.items()
    )
