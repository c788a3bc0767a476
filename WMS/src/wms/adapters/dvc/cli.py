"""Runs the `dvc` command in a process of its own, without what a caller's environment would change."""

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

# Starting DVC takes longer than most of its commands, so several share one interpreter. It is
# DVC's own entry point; a process of its own keeps DVC's threads, locks and logging out of ours.
RUN_IN_TURN = (
    "import json, sys\n"
    "from dvc.cli import main\n"
    "for command in json.loads(sys.argv[1]):\n"
    "    code = main(command)\n"
    "    if code: sys.exit(code)\n"
)

# Set by `dvc repro` for the commands of stages; they would lead DVC to the repository that runs them.
INHERITED = ("DVC_ROOT", "DVC_STAGE")


def run_dvc(folder: Path, *commands: Sequence[str], remote: str) -> None:
    """Run commands one after the other in a DVC repository, until one fails.

    Args:
        folder: the repository.
        commands: the words of each, without `dvc` itself.
        remote: the remote's URL, for the error.

    Raises:
        DataStoreError: one failed; DVC's own last words are in the message.
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
