"""The bare repository below the stand-in: refs, ancestry and merges by Git's own plumbing."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = ("-c", "user.name=GitHub", "-c", "user.email=noreply@github.example")


@dataclass(frozen=True, kw_only=True)
class MergedTree:
    """What merging two commits gives: a tree, or conflicts."""

    tree: str
    clean: bool


class BareGit:
    """Git in one bare repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, ok: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """Run a command; its exit code and output."""
        done = subprocess.run(
            ["git", *IDENTITY, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode not in ok:
            raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr}")
        return done.returncode, done.stdout.rstrip("\n")

    def branches(self) -> dict[str, str]:
        """Every branch and its tip."""
        _, lines = self.run("for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads")
        return {name: sha for sha, name in (line.split(" ", 1) for line in lines.splitlines())}

    def tip(self, branch: str) -> str | None:
        """The commit at the tip of a branch."""
        return self._parsed(f"refs/heads/{branch}")

    def commit(self, name: str) -> str | None:
        """The full SHA of a commit, or of a branch's tip."""
        return self.tip(name) or self._parsed(name)

    def tag(self, name: str) -> str | None:
        """The commit that a tag names."""
        return self._parsed(f"refs/tags/{name}")

    def _parsed(self, revision: str) -> str | None:
        code, sha = self.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", ok=(0, 1, 128))
        return sha if code == 0 else None

    def set_tag(self, name: str, sha: str) -> None:
        """Make a tag."""
        self.run("update-ref", f"refs/tags/{name}", sha)

    def same_files(self, one: str, other: str, folder: str) -> bool:
        """Whether two revisions hold the same files below a folder."""
        return self.run("diff", "--quiet", one, other, "--", folder, ok=(0, 1))[0] == 0

    def contains(self, of: str, sha: str) -> bool:
        """Whether `sha` is reachable from `of`."""
        return self.run("merge-base", "--is-ancestor", sha, of, ok=(0, 1))[0] == 0

    def file(self, revision: str, path: str) -> str | None:
        """A file's text at a revision."""
        code, text = self.run("show", f"{revision}:{path}", ok=(0, 128))
        return text if code == 0 else None

    def merge_tree(self, base: str, head: str) -> MergedTree:
        """Merge two commits without writing a ref."""
        code, out = self.run("merge-tree", "--write-tree", base, head, ok=(0, 1))
        return MergedTree(tree=out.splitlines()[0], clean=code == 0)

    def write_commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """Make a commit."""
        flags = [part for parent in parents for part in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, "-m", message)[1]

    def set_branch(self, branch: str, sha: str, *, expect: str) -> bool:
        """Move a branch if it is where it is expected."""
        return self.run("update-ref", f"refs/heads/{branch}", sha, expect, ok=(0, 128))[0] == 0

    def delete_branch(self, branch: str) -> None:
        """Remove a branch."""
        self.run("update-ref", "-d", f"refs/heads/{branch}")
