"""Refs of the Git remote by their full names: list, create, fetch and delete them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from wms.adapters.git.cli import Git
from wms.core.errors import RemoteMovedError


class RemoteRefs:
    """The refs of a clone's remote, by their full names.

    Args:
        root: a folder of the clone.
        remote: the name of its remote.
        env: environment variables of all Git commands, such as `token_access`.
        attended: somebody is at the terminal, so Git may ask for a password.
    """

    def __init__(
        self,
        root: Path,
        remote: str = "origin",
        *,
        env: Mapping[str, str] | None = None,
        attended: bool = False,
    ) -> None:
        self._git, self._remote = Git(root, env, attended=attended), remote

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
