"""A repository with a bare remote, and a rehearsal of it: what the engine's own tests work on."""

from __future__ import annotations

import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

from rehearsal.engine.process import Grace
from rehearsal.engine.results import Run
from rehearsal.engine.sim import GitHubSim

WORKFLOW = ".github/workflows/w.yml"
SHORT = Grace(interrupt_seconds=0.5, terminate_seconds=0.5)


@dataclass(frozen=True, kw_only=True)
class Rig:
    """One repository under rehearsal."""

    sim: GitHubSim
    clone: Path

    def commit(self, files: dict[str, str], *, branch: str = "main") -> str:
        """Commit files on a branch and push it straight to the remote, unannounced."""
        if self.git("symbolic-ref", "--short", "HEAD") != branch:
            self.git("checkout", "--quiet", "-B", branch)
        for name, text in files.items():
            path = self.clone / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "files")
        self.git("push", "--quiet", "origin", branch)
        return self.git("rev-parse", "HEAD")

    def run(self, workflow: str, inputs: dict[str, object] | None = None, **files: str) -> Run:
        """Commit one workflow that is dispatched, and run it."""
        text = textwrap.dedent(workflow)
        if not text.lstrip().startswith("on:"):
            text = "on: workflow_dispatch\n" + text
        self.commit({WORKFLOW: text, **files})
        run = self.sim.dispatch("w.yml", inputs)
        self.sim.run_all()
        return run

    def steps(self, steps: str, *, job: str = "", **files: str) -> Run:
        """Run the steps of one job called `a`."""
        body = textwrap.indent(textwrap.dedent(steps), "      ")
        head = textwrap.indent(textwrap.dedent(job), "    ")
        return self.run(f"jobs:\n  a:\n    runs-on: ubuntu-latest\n{head}\n    steps:\n{body}", **files)

    def git(self, *arguments: str) -> str:
        """Git in the clone."""
        done = subprocess.run(
            ["git", "-C", str(self.clone), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()


def make_repository(folder: Path) -> tuple[Path, Path]:
    """A bare remote and a clone of it."""
    remote, clone = folder / "remote.git", folder / "clone"
    for command in (
        ["init", "--quiet", "--bare", "--initial-branch=main", str(remote)],
        ["init", "--quiet", "--initial-branch=main", str(clone)],
        ["-C", str(clone), "remote", "add", "origin", str(remote)],
        ["-C", str(clone), "config", "user.name", "Ann"],
        ["-C", str(clone), "config", "user.email", "ann@users.noreply.invalid"],
    ):
        subprocess.run(["git", *command], check=True)
    return remote, clone
