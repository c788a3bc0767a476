"""The contexts that expressions see at one place of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rehearsal.engine.node import Node
from rehearsal.engine.workflow import Tree


@dataclass(frozen=True, kw_only=True)
class Status:
    """What `success()`, `failure()` and `cancelled()` answer."""

    success: bool = True
    failure: bool = False
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Evaluates trees; a changed copy is made where a context is added."""

    node: Node
    contexts: Mapping[str, object]
    status: Status = Status()
    workspace: Path | None = None

    def adding(self, **contexts: object) -> Scope:
        """The same with contexts added or replaced."""
        return replace(self, contexts={**self.contexts, **contexts})

    def only(self, **contexts: object) -> Scope:
        """The same with other contexts."""
        return replace(self, contexts=contexts)

    def inside(self, workspace: Path) -> Scope:
        """The same in a job's workspace, where `hashFiles` looks."""
        return replace(self, workspace=workspace)

    def having(self, status: Status) -> Scope:
        """The same with another status."""
        return replace(self, status=status)

    def value(self, tree: Tree) -> Any:
        """The tree with its expressions' values."""
        return self._evaluate(tree, "value")

    def text(self, tree: Tree) -> Any:
        """The tree with every leaf as the text that a step would see."""
        return self._evaluate(tree, "text")

    def truth(self, tree: Tree) -> bool:
        """Whether a condition holds."""
        result: bool = self._evaluate(tree, "truth")
        return result

    def _evaluate(self, tree: Tree, form: Any) -> Any:
        return self.node.evaluate(
            tree,
            contexts={**EMPTY, **self.contexts},
            status=vars(self.status),
            form=form,
            workspace=self.workspace,
        )


# The parser checked which contexts a place may use; those without a value there are empty, as on GitHub.
EMPTY: Mapping[str, object] = {
    name: {}
    for name in (
        "github", "env", "vars", "secrets", "jobs", "steps", "needs", "inputs",
    )
}  # fmt: skip
