"""Runs the `dvc` command in its own process, without risky variables of the environment."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from wms.adapters.messages import last_complaint
from wms.core.errors import DataStoreError

log = logging.getLogger(__name__)

# DVC starts slowly, so several commands share one interpreter, through DVC's own entry point. In its own
# process DVC's threads, locks and logging stay apart from ours.
RUN_IN_TURN = (
    "import json, sys\n"
    "from dvc.cli import main\n"
    "for command in json.loads(sys.argv[1]):\n"
    "    code = main(command)\n"
    "    if code: sys.exit(code)\n"
)

# `dvc repro` sets these for the commands of stages; they would make DVC use that repository.
INHERITED = ("DVC_ROOT", "DVC_STAGE")


def run_dvc(folder: Path, *commands: Sequence[str], remote: str) -> None:
    """Run commands one after the other in a DVC repository, until one fails.

    Args:
        folder: the repository.
        commands: the words of each, without `dvc` itself.
        remote: the remote's URL, for the error.

    Raises:
        DataStoreError: one failed; the message has DVC's own error.
    """
    environment = {key: value for key, value in os.environ.items() if key not in INHERITED}
    environment |= {
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(folder / ".dvc/tmp/site"),
        "LC_ALL": "C",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN_IN_TURN, json.dumps(commands)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    said = last_complaint(done.stderr, marks=("ERROR:",), otherwise=f"exit code {done.returncode}")
    log.debug("dvc %s: %s", [command[0] for command in commands], done.stderr)
    if done.returncode != 0:
        verbs = " and ".join(f"dvc {command[0]}" for command in commands)
        raise DataStoreError(f"{verbs} failed (remote {remote}): {said.removeprefix('ERROR: ')}")
