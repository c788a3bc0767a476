"""A new repository with a bare one as its remote, for `wms init`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wms.adapters.git.cli import Git
from wms.adapters.git.trees import hash_bytes, make_commit
from wms.core.errors import RepositoryError, StorageError


def init_repository(root: Path, remote: Path, files: Mapping[str, bytes], *, message: str) -> str:
    """Make `remote` a bare repository and `root` a clone of it, with a first commit on `main`.

    Afterwards the files are in the working tree of `root`.

    Args:
        root: the workspace's folder; made if missing.
        remote: the bare repository's folder; it must not exist.
        files: the first commit, by path from `root`.
        message: the first commit's message.

    Returns:
        The first commit's SHA.

    Raises:
        RepositoryError: there is a repository already, or a file in the way.
        StorageError: the folders could not be made.
    """
    if (root / ".git").exists():
        raise RepositoryError(f"{root} is a Git repository already", remedy="Choose another folder.")
    if remote.exists():
        raise RepositoryError(f"{remote} exists already", remedy="Choose another folder.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        remote.mkdir(parents=True)
    except OSError as error:
        raise StorageError(f"{root} could not be made: {error.strerror or error}") from error
    Git(remote).run("init", "--quiet", "--bare", "--initial-branch=main")
    git = Git(root)
    git.run("init", "--quiet", "--initial-branch=main")
    git.run("remote", "add", "origin", _url(root.resolve(), remote.resolve()))
    sha = make_commit(
        git, [hash_bytes(git, data, path) for path, data in files.items()], parent=None, message=message
    )
    git.run("push", "--quiet", "origin", f"{sha}:refs/heads/main")
    git.run("fetch", "--quiet", "origin")
    git.run("checkout", "--quiet", "-B", "main", "--track", "origin/main")
    return sha


def _url(root: Path, remote: Path) -> str:
    """The remote's URL; a relative one inside `root`, so that both can be moved together.

    Git resolves a relative path from the top of the working tree.
    """
    return f"./{remote.relative_to(root).as_posix()}" if remote.is_relative_to(root) else str(remote)
