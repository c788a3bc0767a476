"""`run:` steps: the script as a file, in the shell that GitHub would take."""

from __future__ import annotations

import shlex
import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rehearsal.engine.actions.base import ActionFailure
from rehearsal.engine.log import Log
from rehearsal.engine.process import run_process
from rehearsal.engine.runner import Runner

SHELLS = {
    "": ("bash -e {0}", "sh"),
    "bash": ("bash --noprofile --norc -eo pipefail {0}", "sh"),
    "sh": ("sh -e {0}", "sh"),
    "python": ("python {0}", "py"),
}


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a `run:` step says, evaluated."""

    script: str
    shell: str | None
    folder: str | None


def run_shell(
    program: Program,
    *,
    runner: Runner,
    env: Mapping[str, str],
    log: Log,
    stop: Callable[[str | None], str | None],
) -> int:
    """Run a script and return its exit status.

    Raises:
        Stopped: it was stopped.
        ActionFailure: the shell or the working directory does not exist.
    """
    template, suffix = SHELLS.get(program.shell or "", (program.shell or "", "sh"))
    if "{0}" not in template:
        raise ActionFailure(
            f"Invalid shell option {template!r}: it must hold '{{0}}' or be one of {', '.join(SHELLS)}"
        )
    folder = runner.folders.workspace / (program.folder or ".")
    if not folder.is_dir():
        raise ActionFailure(f"No such file or directory: the working directory {folder}")
    script = runner.folders.temp / f"{uuid.uuid4()}.{suffix}"
    script.write_text(program.script + "\n", encoding="utf-8")
    argv = [part.replace("{0}", str(script)) for part in shlex.split(template)]
    found = shutil.which(argv[0], path=env["PATH"])
    if found is None:
        raise ActionFailure(f"{argv[0]}: command not found")
    return run_process(
        [found, *argv[1:]], folder=folder, env=env, grace=runner.grace, say=log.write, stop=stop
    )
