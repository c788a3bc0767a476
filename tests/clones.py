"""A project with a hosted remote, as a person has it: a bare repository behind a URL, and a clone of it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pairs import write_pair
from quick import WMS, write_client
from wms.adapters.git.workspace import init_repository
from wms.wiring.template import template_files

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOOK = "devops/hooks/pre-push"
INCOMING = "WMS/data/incoming"


@dataclass(frozen=True, kw_only=True)
class Project:
    """The clone `root` and the bare repository `remote` that its `origin` is."""

    root: Path
    remote: Path

    def run(self, *words: str, ok: bool = True, path: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program in the clone, with no wms but the clone's own in the search path."""
        env = {**os.environ, "PATH": path or "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(words, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        assert not ok or done.returncode == 0, done.stdout + done.stderr
        return done

    def git(self, *words: str) -> str:
        """Run Git in the clone; its answer."""
        return self.run("git", *words).stdout.strip()

    def wms(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line in the clone."""
        return self.run(".venv/bin/wms", *words, ok=False)

    def push(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`git push`, with the hook."""
        return self.run("git", "push", *words, ok=False)

    def commit(self, message: str = "work", **files: bytes) -> str:
        """Write files, commit everything, and return the commit."""
        for name, data in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branches(self) -> dict[str, str]:
        """The remote's branches and their commits."""
        form = "--format=%(refname:short) %(objectname)"
        told = self.git("--git-dir", str(self.remote), "for-each-ref", form, "refs/heads")
        return dict(line.split() for line in told.splitlines())

    def data_branches(self) -> list[str]:
        """The names of the remote's data branches."""
        return [name for name in self.branches() if name.startswith("data/")]

    def files(self, branch: str) -> list[str]:
        """The files below WMS/data/incoming on a branch of the remote."""
        listed = ("ls-tree", "-r", "-z", "--name-only", f"{branch}:WMS/data/incoming")
        return self.git("--git-dir", str(self.remote), *listed).rstrip("\0").split("\0")


def make_project(folder: Path, quick: str) -> Project:
    """A clone in a folder with a space and a letter beyond ASCII, with the project's hook installed.

    `quick` is the address of the server that runs its wms.
    """
    project = Project(root=folder / "my clone żółw", remote=folder / "hosted.git")
    files = template_files() | {HOOK: (ROOT / HOOK).read_bytes(), "code.py": b"first\n"}
    init_repository(project.root, project.remote, files, message="First")
    project.git("remote", "set-url", "origin", f"file://{project.remote}")
    project.git("config", "user.name", "A Person")
    project.git("config", "user.email", "person@example.org")
    project.git("config", "core.hooksPath", "devops/hooks")
    hook = project.root / HOOK
    hook.chmod(0o755)
    project.commit("The hook may be run")
    project.git("push", "--quiet", "origin", "main")
    (project.root / ".venv/bin").mkdir(parents=True)
    write_client(project.root / ".venv/bin/wms", quick, WMS)
    return project


def add_pairs(project: Project, *stems: str, under: str = INCOMING, first_seed: int = 1) -> None:
    """Write good pairs into the working tree; each seed's image is another."""
    for seed, stem in enumerate(stems, start=first_seed):
        write_pair(project.root / under, stem, seed=seed)
