"""Refs of the Git remote by their full names: list, create, fetch and delete them."""

from __future__ import annotations

from collections.abc import Sequence

from wms.adapters.git.cli import Git
from wms.core.errors import RemoteMovedError


class RemoteRefs:
    """The refs of a clone's remote, by their full names.

    Args:
        git: runs in the clone.
        remote: the name of its remote.
    """

    def __init__(self, git: Git, remote: str = "origin") -> None:
        self._git, self._remote = git, remote

    def matching(self, *patterns: str) -> dict[str, str]:
        """Refs and their commits, by patterns of `git ls-remote` such as `refs/wms/*`.

        Raises:
            RepositoryError: the remote does not answer.
        """
        lines = self._git.run("ls-remote", "--refs", self._remote, *patterns).line.splitlines()
        return {name: sha for sha, name in (line.split("\t") for line in lines)}

    def create(self, ref: str, sha: str) -> None:
        """Create a ref.

        Raises:
            RemoteMovedError: it exists already.
        """
        made = self._git.run(
            *("push", "--quiet", "--no-verify", f"--force-with-lease={ref}:"),
            *(self._remote, f"{sha}:{ref}"),
            ok=(0, 1),
        )
        if made.code != 0:
            raise RemoteMovedError(f"{ref} of {self._remote} exists already")

    def fetch(self, ref: str) -> str:
        """Fetch a ref under its own name; return its commit."""
        self.get(f"+{ref}:{ref}")
        return self._git.run("rev-parse", ref).line

    def get(self, *refspecs: str) -> None:
        """Fetch by refspecs (and options such as `--prune`), without tags and without `FETCH_HEAD`."""
        self._git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._remote, *refspecs)

    def delete(self, refs: Sequence[str]) -> None:
        """Delete existing refs, all or none."""
        self._git.run("push", "--quiet", "--no-verify", "--atomic", self._remote, "--delete", *refs)


def branch_tips(git: Git, root: str, below: str = "") -> dict[str, str]:
    """The commits of the branches below `root`, such as `refs/heads/`, by name.

    A symbolic ref such as `origin/HEAD` is left out: it is a pointer, not a branch.

    Args:
        git: runs in the repository.
        root: where the branches are.
        below: a branch's name, or whole parts of one; everything else is left out.
    """
    form = "--format=%(refname)%00%(objectname)%00%(symref)"
    lines = git.run("for-each-ref", form, root + below).line.splitlines()
    refs = (line.split("\0") for line in lines)
    return {ref.removeprefix(root): sha for ref, sha, points_to in refs if not points_to}
