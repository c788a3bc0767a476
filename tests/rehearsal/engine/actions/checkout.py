"""actions/checkout: a real clone of the remote into the workspace."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure

Git = Callable[..., str]
SHA = re.compile(r"[0-9a-f]{40}")


def checkout(call: ActionCall) -> None:
    """Fetch one ref at the depth asked for and check it out, as a branch where it is one."""
    github = call.runner.github
    if call.inputs["repository"] not in ("", github["repository"]):
        raise ActionFailure(f"the rehearsal has one repository, {github['repository']}")
    folder = call.workspace / (call.inputs["path"] or ".")
    if not folder.resolve().is_relative_to(call.workspace.resolve()):
        raise ActionFailure(f"Repository path '{folder}' is not under '{call.workspace}'")
    if call.flag("clean") and folder == call.workspace:
        for old in folder.iterdir():
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    folder.mkdir(parents=True, exist_ok=True)

    url = f"{call.services.git_url}/{github['repository']}"
    header = "AUTHORIZATION: basic " + _basic(call.inputs["token"] or call.runner.token)
    call.mask(header.rpartition(" ")[2])

    def git(*arguments: str) -> str:
        # The header travels with each command, so that it is in no file unless it is asked for.
        done = subprocess.run(
            ["git", "-c", f"http.{url}.extraheader={header}", *arguments],
            cwd=folder, capture_output=True, text=True,
            env={**call.runner.environment(call.env, github), "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
        if done.returncode:
            raise ActionFailure(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    git("config", "--global", "--add", "safe.directory", str(folder))
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", url)
    wanted, commit = _what(call, git)
    depth = int(call.inputs["fetch-depth"])
    _fetch(git, wanted, commit, depth=depth, tags=call.flag("fetch-tags"))
    _check_out(git, wanted, commit)
    call.outputs.update(ref=wanted, commit=git("rev-parse", "HEAD"))
    if call.flag("persist-credentials"):
        git("config", "--local", f"http.{url}.extraheader", header)
        call.at_end(lambda: _forget(folder / ".git/config", header))
    call.say(f"HEAD is now at {call.outputs['commit']} ({wanted or 'detached'})")


def _what(call: ActionCall, git: Git) -> tuple[str, str]:
    """The ref and the commit that are wanted; where no ref is given, those that started the run."""
    ref = call.inputs["ref"]
    if not ref:
        return call.runner.github["ref"], call.runner.github["sha"]
    if SHA.fullmatch(ref):
        return "", ref
    for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
        if git("ls-remote", "origin", name):
            return name, ""
    raise ActionFailure(f"A branch or tag with the name '{ref}' could not be found")


def _fetch(git: Git, ref: str, commit: str, *, depth: int, tags: bool) -> None:
    options = ["--no-recurse-submodules", "--prune", "--quiet"]
    options += ["--tags"] if tags and depth > 0 else ["--no-tags"]
    if depth > 0:
        git("fetch", *options, f"--depth={depth}", "origin", _refspec(ref, commit))
        return
    git("fetch", *options, "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    if commit:
        # The branch may have moved or gone since the run began: the run is about its commit.
        git("fetch", *options, "origin", _refspec(ref, commit))


def _refspec(ref: str, commit: str) -> str:
    if not ref:
        return commit
    target = ref
    for prefix, place in (("refs/heads/", "refs/remotes/origin/"), ("refs/pull/", "refs/remotes/pull/")):
        if ref.startswith(prefix):
            target = place + ref.removeprefix(prefix)
    return f"+{commit or ref}:{target}"


def _check_out(git: Git, ref: str, commit: str) -> None:
    if ref.startswith("refs/heads/"):
        name = ref.removeprefix("refs/heads/")
        git("checkout", "--quiet", "--force", "-B", name, f"refs/remotes/origin/{name}")
    else:
        git("checkout", "--quiet", "--force", "--detach", commit or ref)


def _forget(config: Path, header: str) -> None:
    if config.exists():
        config.write_text(config.read_text().replace(header, ""))


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


CHECKOUT = Action(
    run=checkout,
    inputs={
        "repository": "",
        "ref": "",
        "token": "",
        "path": "",
        "clean": "true",
        "fetch-depth": "1",
        "fetch-tags": "false",
        "persist-credentials": "true",
        "show-progress": "true",
        "lfs": "false",
        "submodules": "false",
        "filter": "",
        "sparse-checkout": "",
        "sparse-checkout-cone-mode": "true",
    },
)
