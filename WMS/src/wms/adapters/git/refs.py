"""Refs of the Git remote beside its branches: listed, made once, deleted."""

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
    """

    def __init__(self, root: Path, remote: str = "origin", *, env: Mapping[str, str] | None = None) -> None:
        self._git, self._remote = Git(root, env), remote

    def matching(self, *patterns: str) -> dict[str, str]:
        """Refs and what they name, as `git ls-remote` matches patterns such as `refs/wms/*`.

        Raises:
            RepositoryError: the remote does not answer.
        """
        lines = self._git.run("ls-remote", "--refs", self._remote, *patterns).line.splitlines()
        return {name: sha for sha, name in (line.split("\t") for line in lines)}

    def create(self, ref: str, sha: str) -> None:
        """Make a ref that is not there yet.

        Raises:
            RemoteMovedError: it is there.
        """
        made = self._git.run(
            *("push", "--quiet", "--no-verify", f"--force-with-lease={ref}:"),
            *(self._remote, f"{sha}:{ref}"),
            ok=(0, 1),
        )
        if made.code != 0:
            raise RemoteMovedError(f"{ref} of {self._remote} is there already")

    def fetch(self, ref: str) -> str:
        """Fetch what a ref names; its commit."""
        self._git.run("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", self._remote, f"+{ref}:{ref}")
        return self._git.run("rev-parse", ref).line

    def delete(self, refs: Sequence[str]) -> None:
        """Delete refs that are there, all or none."""
        self._git.run("push", "--quiet", "--no-verify", "--atomic", self._remote, "--delete", *refs)
