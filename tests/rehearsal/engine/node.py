"""GitHub's parser, expression evaluator and globs, asked in a Node process that stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).parent
SETUP = "run `make rehearsal-setup`"

Form = Literal["value", "text", "truth"]


class WorkflowError(Exception):
    """A workflow or action file, or an expression in it, is wrong; the message says where."""


def absent() -> str | None:
    """Why the engine cannot run here, or `None` if it can."""
    if shutil.which("node") is None:
        return "Node.js 20 or newer is not installed"
    if not (HERE / "node_modules/@actions/workflow-parser").is_dir():
        return f"GitHub's workflow parser is not installed: {SETUP}"
    return None


@dataclass(frozen=True, kw_only=True)
class Found:
    """Files that match glob patterns, and the folders or files where the patterns begin."""

    files: tuple[Path, ...]
    roots: tuple[Path, ...]


class Node:
    """One Node process; requests from several threads wait for each other."""

    def __init__(self) -> None:
        reason = absent()
        if reason:
            raise RuntimeError(reason)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            ["node", str(HERE / "server.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def parse(self, kind: Literal["workflow", "action"], file: str, content: str) -> dict[str, Any]:
        """A file as plain JSON, its expressions as `{"$expr": ..., "$line": ...}`."""
        result: dict[str, Any] = self._ask(op="parse", kind=kind, file=file, content=content)
        return result

    def evaluate(
        self,
        tree: object,
        *,
        contexts: Mapping[str, object],
        status: Mapping[str, object],
        form: Form,
        workspace: Path | None,
    ) -> Any:
        """A tree with every expression in it replaced by its value, in the form asked for."""
        folder = str(workspace.resolve()) if workspace else None
        return self._ask(
            op="evaluate", tree=tree, contexts=contexts, status=status, form=form, workspace=folder
        )

    def find(self, folder: Path, patterns: Sequence[str]) -> Found:
        """Files below `folder` by the toolkit's glob patterns, `!` excluding what came before."""
        found = self._ask(op="find", folder=str(folder.resolve()), patterns=list(patterns))
        return Found(files=tuple(map(Path, sorted(found["files"]))), roots=tuple(map(Path, found["roots"])))

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._process.communicate()

    def _ask(self, **request: object) -> Any:
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the Node process ended; its message stands above")
        answer = json.loads(line)
        if "errors" in answer:
            raise WorkflowError("\n".join(answer["errors"]))
        return answer["result"]
