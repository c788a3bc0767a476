"""actions/checkout: a real clone of the remote into the workspace, whose token is kept in no file."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure

SHA = re.compile(r"[0-9a-f]{40}")


def checkout(call: ActionCall) -> None:
    """Fetch at the depth asked for and check the ref out, as a branch where it is one.

    Where no ref is given, it is the commit that started the run.
    """
    github, folder = call.runner.github, call.workspace
    if call.flag("persist-credentials"):
        raise ActionFailure("the rehearsal keeps no credentials: set persist-credentials to false")
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    url = f"{call.services.git_url}/{github['repository']}"
    token = base64.b64encode(f"x-access-token:{call.runner.token}".encode()).decode()
    call.runner.masks.add(token)

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", f"http.{url}.extraheader=AUTHORIZATION: basic {token}", *arguments],
            cwd=folder, capture_output=True, text=True,
            env={**call.runner.environment(call.env, github), "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
        if done.returncode:
            raise ActionFailure(f"git {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    git("config", "--global", "--add", "safe.directory", str(folder))
    git("init", "--quiet", "--initial-branch=main")
    git("remote", "add", "origin", url)
    ref = call.inputs["ref"]
    branch, commit = ("", ref) if SHA.fullmatch(ref) else (ref, "")
    if not ref:
        branch, commit = github["ref_name"], github["sha"]
    fetch, depth = ("fetch", "--no-tags", "--prune", "--quiet"), call.inputs["fetch-depth"]
    if depth == "0":
        git(*fetch, "origin", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    # With a commit: the branch may have moved or gone since the run began; the run is about its commit.
    wanted = f"+{commit or f'refs/heads/{branch}'}:refs/remotes/origin/{branch}" if branch else commit
    if commit or depth != "0":
        git(*fetch, *([] if depth == "0" else [f"--depth={depth}"]), "origin", wanted)
    if branch:
        git("checkout", "--quiet", "--force", "-B", branch, f"refs/remotes/origin/{branch}")
    else:
        git("checkout", "--quiet", "--force", "--detach", commit)
    call.log.write(f"HEAD is now at {git('rev-parse', 'HEAD')} ({branch or 'detached'})")


CHECKOUT = Action(run=checkout, inputs={"ref": "", "fetch-depth": "1", "persist-credentials": "true"})
