"""The bare repository that stands for GitHub's Git side, read by Git's plumbing."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

WORKFLOWS = ".github/workflows"


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A bare repository."""

    path: Path

    def head(self, branch: str) -> str | None:
        """The commit at the tip of a branch."""
        return self._git("rev-parse", "--quiet", "--verify", f"refs/heads/{branch}", check=False) or None

    def read(self, sha: str, path: str) -> str | None:
        """A file's text at a commit."""
        if not self._git("ls-tree", "--name-only", sha, "--", path):
            return None
        return self._git("show", f"{sha}:{path}", strip=False)

    def workflows(self, sha: str) -> tuple[str, ...]:
        """Paths of the workflow files at a commit."""
        names = self._git("ls-tree", "--name-only", sha, "--", f"{WORKFLOWS}/").splitlines()
        return tuple(name for name in names if name.endswith((".yml", ".yaml")))

    def changed(self, before: str | None, after: str) -> tuple[str, ...]:
        """Paths that a push changed; a new branch is compared with where it left main."""
        base = before or self._git("merge-base", "main", after)
        return tuple(self._git("diff", "--name-only", base, after).splitlines())

    def _git(self, *arguments: str, check: bool = True, strip: bool = True) -> str:
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", "-C", str(self.path), *arguments],
            capture_output=True, text=True, env=env,
        )  # fmt: skip
        if done.returncode and check:
            raise RuntimeError(f"git {' '.join(arguments)} in {self.path}: {done.stderr.strip()}")
        if done.returncode:
            return ""
        return done.stdout.strip() if strip else done.stdout
