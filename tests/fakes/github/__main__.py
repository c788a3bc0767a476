"""Serve the stand-in from a process of its own, until it is told to end."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from fakes.github import FakeGitHub


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fakes.github", description=__doc__)
    parser.add_argument("--git", type=Path, required=True, help="the bare repository")
    parser.add_argument("--repository", required=True, help="owner/name")
    parser.add_argument("--port", type=int, default=0, help="where to listen; any free port by default")
    parser.add_argument("--unix-socket", type=Path, help="also listen there, for gh's http_unix_socket")
    chosen = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with FakeGitHub(
        git=chosen.git, repository=chosen.repository, port=chosen.port, unix_socket=chosen.unix_socket
    ) as github:
        known = {
            "api_url": github.api_url,
            "state_url": f"{github.url}/_fake/state",
            "user_token": github.user_token,
            "actions_token": github.actions_token,
        }
        sys.stdout.write(json.dumps(known) + "\n")
        sys.stdout.flush()
        ended.wait()


main()
