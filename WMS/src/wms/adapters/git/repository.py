"""The Git repository and its remote, by Git's plumbing commands."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from wms.adapters.git.cli import Git, Result
from wms.adapters.git.refs import RemoteRefs, branch_tips
from wms.adapters.git.trees import (
    REGULAR,
    Entry,
    export_tree,
    hash_bytes,
    hash_folder,
    list_tree,
    make_commit,
)
from wms.core.errors import RemoteMovedError, RepositoryError
from wms.core.ports import Commit, Repository
from wms.core.progress import Progress, Silent

DEEPEN = "Fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` of actions/checkout."


class GitRepository(Repository):
    """`Repository` by the `git` command (2.31 or newer).

    Where the user has set no name and e-mail address, commits are by `wms <wms@users.noreply.invalid>`.

    Args:
        root: a folder of the clone.
        remote: the name of its remote.
        env: environment variables of all Git commands, such as `token_access`.
        attended: somebody is at the terminal, so Git may ask for a password.
        progress: shows the files that are stored and sent.
    """

    def __init__(
        self,
        root: Path,
        remote: str = "origin",
        *,
        env: Mapping[str, str] | None = None,
        attended: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self._git = Git(root, env, attended=attended)
        self._refs = RemoteRefs(self._git, remote)
        self._remote = remote
        self._progress = progress or Silent()
        self._known_commits: set[str] = set()
        # Commits and objects never change, and a run reads the same few files again and again.
        self._entries = functools.lru_cache(maxsize=8)(self._list_entries)
        self._blob = functools.lru_cache(maxsize=32)(self._read_blob)

    def fetch(self) -> None:
        self._refs.get("--prune", f"+refs/heads/*:{self._tracking('*')}")

    def head(self, branch: str) -> str | None:
        return branch_tips(self._git, self._tracking(""), branch).get(branch)

    def look(self, branch: str) -> str | None:
        tip = self._remote_tip(branch)
        if tip is not None and not self._git.has_commit(tip):
            # An empty refmap: the remote-tracking branch stays as it is.
            self._refs.get("--refmap=", f"refs/heads/{branch}")
        return tip

    def branches(self, prefix: str) -> tuple[str, ...]:
        tips = branch_tips(self._git, self._tracking(""))
        return tuple(sorted(name for name in tips if name.startswith(prefix)))

    def read_file(self, rev: str, path: str) -> bytes | None:
        entry = self._entries(self._commit(rev)).get(os.fsencode(path))
        if entry is None:
            return None
        if entry.mode not in REGULAR:
            raise RepositoryError(f"{path} at {rev} is no file but a folder, a link or a submodule")
        return self._blob(entry.name)

    def export(self, rev: str, path: str, to: Path) -> int:
        return export_tree(self._git, self._commit(rev), path.strip("/"), to)

    def changed_paths(self, base: str, rev: str) -> tuple[str, ...]:
        named = self._git.run(
            "diff-tree", "-r", "-z", "--no-renames", "--name-only", self._commit(base), self._commit(rev)
        )
        return tuple(sorted(os.fsdecode(named.out).split("\0")[:-1]))

    def history(self, rev: str, path: str) -> tuple[Commit, ...]:
        commit = self._commit(rev)
        if self._shallow():
            raise RepositoryError(f"this clone is shallow: the history of {path} is cut off", remedy=DEEPEN)
        form = "--format=%H%x00%s%x00%an%x00%cI"
        fields = os.fsdecode(
            self._git.run("log", "-z", "--first-parent", "--no-color", form, commit, "--", path).out
        ).split("\0")[:-1]
        return tuple(
            Commit(sha=sha, subject=subject, author=author, at=datetime.fromisoformat(at))
            for sha, subject, author, at in zip(*(fields[i::4] for i in range(4)), strict=True)
        )

    def commit(self, parent: str, files: Mapping[str, bytes | None], *, message: str) -> str:
        entries = [
            Entry(path=os.fsencode(path)) if data is None else hash_bytes(self._git, data, path)
            for path, data in files.items()
        ]
        return make_commit(self._git, entries, parent=self._commit(parent), message=message)

    def commit_folder(self, parent: str, folder: Path, *, under: str, message: str) -> str:
        entries = hash_folder(self._git, folder, under=under.strip("/"), progress=self._progress)
        return make_commit(self._git, entries, parent=self._commit(parent), message=message)

    def push(self, sha: str, branch: str, *, expect: str | None) -> None:
        result = self._push(sha, branch, expect=expect)
        if result.code != 0:
            now = self._remote_tip(branch)
            if now != expect:
                where = f"is at {now[:12]}" if now else "does not exist"
                meant = f"was at {expect[:12]}" if expect else "did not exist"
                raise RemoteMovedError(
                    f"the branch {branch} of {self._remote} {where}; it {meant} when the run checked"
                )
            raise self._git.failure("push", result)
        self._git.run("update-ref", self._tracking(branch), sha)

    def delete_branch(self, branch: str, *, expect: str) -> bool:
        result = self._push("", branch, expect=expect)
        if result.code != 0:
            if self._remote_tip(branch) != expect:
                return False
            raise self._git.failure("push", result)
        self._git.run("update-ref", "-d", self._tracking(branch))
        return True

    def is_ancestor(self, sha: str, of: str) -> bool:
        arguments = ("merge-base", "--is-ancestor", self._commit(sha), self._commit(of))
        reachable = self._git.run(*arguments, ok=(0, 1)).code == 0
        if not reachable and self._shallow():
            raise RepositoryError(
                f"this clone is shallow: whether {of} contains {sha[:12]} is unknown", remedy=DEEPEN
            )
        return reachable

    def parents(self, sha: str) -> tuple[str, ...]:
        parents = self._git.run("show", "--no-patch", "--format=%P", self._commit(sha)).line.split()
        if not parents and self._shallow():
            raise RepositoryError(f"this clone is shallow and may end at {sha[:12]}", remedy=DEEPEN)
        return tuple(parents)

    def _tracking(self, branch: str) -> str:
        return f"refs/remotes/{self._remote}/{branch}"

    def _list_entries(self, commit: str) -> dict[bytes, Entry]:
        """Everything in the tree of a commit by path, folders too."""
        return {entry.path: entry for entry in list_tree(self._git, "-r", "-t", commit)}

    def _read_blob(self, name: str) -> bytes:
        return self._git.run("cat-file", "blob", name).out

    def _commit(self, rev: str) -> str:
        """The full SHA of a revision in this clone."""
        if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", rev):
            tip = self.head(rev)
            if tip is None:
                raise RepositoryError(f"{self._remote} has no branch {rev} (as of the last fetch)")
            return tip
        if rev in self._known_commits:
            return rev
        if not self._git.has_commit(rev):
            hint = DEEPEN if self._shallow() else "Fetch it, or check whether its branch was deleted."
            raise RepositoryError(f"this clone has no commit {rev[:12]}", remedy=hint)
        self._known_commits.add(rev)
        return rev

    def _shallow(self) -> bool:
        return self._git.run("rev-parse", "--is-shallow-repository").line == "true"

    def _push(self, source: str, branch: str, *, expect: str | None) -> Result:
        ref = f"refs/heads/{branch}"
        # Files above the threshold are sent as they are: images have no useful deltas.
        return self._git.watch(
            *("-c", "core.bigFileThreshold=64k", "push", "--porcelain", "--progress", "--no-verify"),
            *(f"--force-with-lease={ref}:{expect or ''}", self._remote, f"{source}:{ref}"),
            progress=self._progress if source else Silent(),
            label="Sending, percent",
            ok=(0, 1, 128),
        )

    def _remote_tip(self, branch: str) -> str | None:
        ref = f"refs/heads/{branch}"
        return self._refs.matching(ref).get(ref)
