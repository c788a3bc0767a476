"""A repository on a pretended GitHub, with this project's own workflow files, and people who use it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fakes.github import FakeGitHub
from fakes.github.records import Dispatch
from pipeline.small import write_small_pairs
from rehearsal.engine.gitserver import Permissions
from rehearsal.engine.node import Node
from rehearsal.engine.process import Grace
from rehearsal.engine.results import Run
from rehearsal.engine.sim import GitHubSim
from wms.adapters.git.workspace import init_repository
from wms.core.settings import GATE_CONFIG
from wms.wiring.template import template_files

ROOT = Path(__file__).parents[2]
REPOSITORY = "octo/meters"
PIPELINE = "training-data-pipeline.yaml"
MAKEFILE = "rehearsal-setup check test web:\n\t@echo $@ passed\n"
"""The project's own tests and page are not the matter here: checks pass, and the page is made, at once."""


@dataclass(kw_only=True)
class Stage:
    """What a scenario acts on.

    `clone` is a person's checkout; what is pushed from there is announced, as a person's push is.
    `write_pairs` makes the pairs that are pushed.
    """

    sim: GitHubSim
    github: FakeGitHub
    clone: Path
    remote: Path
    runs: list[Run] = field(default_factory=list)
    started: int = 0
    write_pairs: Callable[..., object] = write_small_pairs

    def push_pairs(self, name: str, *, seed: int, count: int = 24) -> str:
        """Push pairs as the branch `data/<name>`; the workflow will start."""
        return self._push_pairs(f"data/{name}", "main", seed=seed, count=count)

    def push_pairs_again(self, name: str, *, seed: int) -> str:
        """Push more pairs on top of `data/<name>` as it is on the remote."""
        return self._push_pairs(f"data/{name}", f"data/{name}", seed=seed, count=24)

    def _push_pairs(self, branch: str, start: str, *, seed: int, count: int) -> str:
        self.check_out(branch, start)
        self.write_pairs(self.clone / "WMS/data/incoming", count=count, seed=seed)
        return self.push(branch)

    def check_out(self, branch: str, start: str) -> None:
        """Make a branch in the checkout from one of the remote as it is now."""
        self.git("fetch", "--quiet", "origin")
        self.git("checkout", "--quiet", "-B", branch, f"origin/{start}")

    def push(self, branch: str) -> str:
        """Commit everything in the checkout, push it as `branch`, and announce that."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Files for {branch}")
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        self.sim.push(branch)
        return branch

    def commit_to_main(
        self, files: Mapping[str, str], *, message: str = "A change by a person", ci: str | None = "success"
    ) -> str:
        """Push a commit of files to main; `ci` is how `ci.yml` ends on it, `None` where it does not run."""
        self.check_out("main", "main")
        for name, text in files.items():
            (self.clone / name).parent.mkdir(parents=True, exist_ok=True)
            (self.clone / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", "main")
        sha = self.git("rev-parse", "HEAD")
        if ci is not None:
            self.github.ci_ends(sha, ci)
        return sha

    def model_skill(self, percent: int) -> None:
        """From now on a training makes a model of so much skill, unless a run says otherwise."""
        text = self.at_main("WMS/configs/train.yaml")
        lines = [f"seed: {percent}" if line.startswith("seed:") else line for line in text.splitlines()]
        self.commit_to_main({"WMS/configs/train.yaml": "\n".join(lines) + "\n"})

    def retrain(self, **inputs: str) -> Run:
        """Press *Run workflow*."""
        return self.sim.dispatch(PIPELINE, inputs)

    def close(self, number: int) -> None:
        """A person closes a pull request."""
        with self.github.lock:
            self.github.pulls[number].state = "closed"

    def protect_main(self) -> None:
        """Apply the project's own ruleset."""
        ruleset = json.loads((ROOT / ".github/rulesets/main.json").read_bytes())
        with self.github.lock:
            self.github.rulesets[1] = {"id": 1, **ruleset}

    def play(self) -> list[Run]:
        """Let everything that waits run, and what that brings about; the runs that a push only dispatched."""
        done: list[Run] = []
        while True:
            done += self.sim.run_all(limit=12)
            if self.started == len(self.github.dispatches):
                break
            time.sleep(0.01)  # GitHub starts what was dispatched a moment later.
        starts = [run for run in done if run.event == "push" and run.workflow.endswith(PIPELINE)]
        for run in starts:
            run.expect("success", start="success")
        done = [run for run in done if run not in starts]
        self.runs += done
        return done

    def pipelines(self) -> list[Run]:
        """The runs of the pipeline so far, oldest first."""
        return [run for run in self.runs if run.workflow.endswith(PIPELINE)]

    def at_main(self, path: str) -> str:
        """A file as main has it now."""
        return git(self.remote, "show", f"refs/heads/main:{path}")

    @property
    def main(self) -> str:
        """The commit at the tip of main."""
        return git(self.remote, "rev-parse", "refs/heads/main")

    @property
    def production(self) -> int | None:
        """The version of the model in production, as main says."""
        return json.loads(self.at_main("model-metadata.json"))["version"]

    @property
    def samples(self) -> int:
        """How many samples main's dataset has."""
        return len(self.at_main("WMS/data/manifest.jsonl").splitlines())

    @property
    def branches(self) -> list[str]:
        """The remote's branches, main left out."""
        listed = git(self.remote, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()
        return [name for name in listed if name != "main"]

    def pulls(self, state: str) -> list[Any]:
        """The pull requests in a state, oldest first."""
        return [pull for pull in self.github.pulls.values() if pull.state == state]

    def statuses(self, sha: str) -> dict[str, str]:
        """The latest state of every context on a commit."""
        return {context: status.state for context, status in self.github.combined(sha).items()}

    def comments_on(self, sha: str) -> str:
        """All that was said on a commit."""
        return "\n".join(c.body for c in self.github.comments if getattr(c, "sha", None) == sha)

    def git(self, *arguments: str) -> str:
        """Git in the person's checkout."""
        return git(self.clone, *arguments)


def git(folder: Path, *arguments: str) -> str:
    """Git as a person runs it."""
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@users.noreply.invalid")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def project_files() -> dict[str, bytes]:
    """What a fork of the project holds, as far as the workflows read it; its gate decides on few images."""
    files = template_files({"seed": 75})
    files[GATE_CONFIG] = files[GATE_CONFIG].replace(b"min_pictures: 10", b"min_pictures: 3")
    files["Makefile"] = MAKEFILE.encode()
    files[".ci/run"] = b"make rehearsal-setup check test\n"
    for path in sorted((ROOT / ".github").rglob("*")):
        if path.is_file():
            files[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    return files


@contextmanager
def open_stage(
    folder: Path,
    node: Node,
    *,
    programs: Sequence[Path],
    files: Mapping[str, bytes] | None = None,
    **settings: Any,
) -> Iterator[Stage]:
    """A fresh repository with nothing in production.

    Args:
        folder: an empty one.
        node: GitHub's parser and evaluator.
        programs: folders for the jobs' PATH before the interpreter's own, whose `wms` is the real one.
        files: what the repository holds beside, or instead of, `project_files()`.
        settings: fields of the engine's `World`, such as `vars`, `secrets`, `env`.
    """
    remote, clone = folder / "remote.git", folder / "clone"
    init_repository(clone, remote, project_files() | dict(files or {}), message="The project")
    gh_config = Path(tempfile.mkdtemp(prefix="gh-"))  # The path of a Unix socket has 108 bytes at the most.
    (gh_config / "config.yml").write_text(f"version: 1\nhttp_unix_socket: {gh_config / 'socket'}\n")
    github = FakeGitHub(git=remote, repository=REPOSITORY, unix_socket=gh_config / "socket")
    github.ci_ends(git(remote, "rev-parse", "refs/heads/main"))

    def mint(permissions: Permissions) -> str:
        granted = {name.replace("-", "_"): level for name, level in permissions.items()}
        return github.new_actions_token(**granted)

    sim = GitHubSim(
        remote,
        folder / "github",
        repository=REPOSITORY,
        node=node,
        mint=mint,
        api_url=github.api_url,
        path=(*programs, Path(sys.executable).parent),
        grace=Grace(interrupt_seconds=5, terminate_seconds=5),
        env={"GH_CONFIG_DIR": str(gh_config), **settings.pop("env", {})},
        **settings,
    )
    stage = Stage(sim=sim, github=github, clone=clone, remote=remote)

    def start(dispatch: Dispatch) -> None:
        sim.dispatch(dispatch.workflow, dispatch.inputs, actor=dispatch.actor)
        stage.started += 1

    github.on_dispatch = start
    with github, sim:
        yield stage
    shutil.rmtree(folder / "github", ignore_errors=True)
    shutil.rmtree(gh_config)
