"""Whether the registry can take this run's model; if not, the run continues and promotes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from wms.core.context import Context
from wms.core.ports import Registry
from wms.core.records.node import ARTIFACTS

WITHOUT_INSTANCE = "there is no instance (WMS_WITHOUT_INSTANCE), and the registry here ends with this machine"


def unregistered_because(ctx: Context) -> str:
    """Why the registry cannot take a model; empty if nothing is known to be wrong.

    Only this function decides it. MLflow stores files with the node's role, so the node's report counts.

    Raises:
        ComputeError: the node's report cannot be read.
    """
    if ctx.environment is None:
        return ""
    if ctx.environment.without_instance:
        return WITHOUT_INSTANCE
    report = ctx.environment.node.report()
    refused = {check.what: check.result for check in report.refused} if report else {}
    return f"MLflow may not store files: {refused[ARTIFACTS]}" if ARTIFACTS in refused else ""


def consequence(reason: str) -> str:
    """What the run does then, as a message."""
    return (
        f"continuing without the registry: {reason}. Metrics are logged; model and records are kept in the "
        "run's folder and in the data store, and the model stays a candidate until `wms model adopt` takes it"
    )


def tracking_registry(ctx: Context, *, reason: str) -> Registry:
    """The registry for this run's metrics; with a `reason` it gets no files to refuse, slowly."""
    return cast("Registry", _WithoutFiles(ctx.ports.registry)) if reason else ctx.ports.registry


class _WithoutFiles:
    """A registry that is given no files."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __getattr__(self, name: str) -> Any:
        """Everything else is the registry's own."""
        return getattr(self._registry, name)

    def log_files(self, run_id: str, folder: Path, *, under: str) -> None:
        """Leave them where they lie."""
