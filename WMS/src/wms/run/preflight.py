"""Ask, in seconds and before anything costs money, whether a run can come to its end."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from wms.core.errors import PreflightError, RegistryAwayError
from wms.core.ports import Ports
from wms.core.production import main_head, manifest_at, metadata_at
from wms.core.records.preflight import PreflightReport, ask
from wms.promotion.evidence import policy_at
from wms.promotion.reconcile import require_own_alias

MIN_FREE_GIB = 2.0
"""Room for the dataset's hard links, the decoded cache, checkpoints and the records of one run."""


def preflight(*, root: Path, ports: Ports) -> PreflightReport:
    """Probe Git, the records on main, the data store, the registry, the leases and the disk."""
    questions: tuple[tuple[str, Callable[[], str]], ...] = (
        ("remote repository", lambda: _remote(ports)),
        ("records on main", lambda: _records(ports)),
        ("data store: write, read", lambda: _data_store(ports)),
        ("model registry", lambda: _registry(ports)),
        ("lease book", lambda: f"{len(ports.leases.load()[0].leases)} leases written"),
        ("instance", lambda: ports.compute.state()),
        ("disk", lambda: _disk(root)),
    )
    return PreflightReport(lines=tuple(ask(what, question) for what, question in questions))


def require_ready(report: PreflightReport, *, trained: Path | None = None) -> None:
    """End here if a run could not come to its end.

    Args:
        report: the answers.
        trained: the model that an unfinished run has trained already; it is said to be safe.

    Raises:
        PreflightError: names what failed, and what to do about each.
    """
    failed = [f"  {line.what}: {line.result}. {line.remedy}" for line in report.lines if not line.ok]
    if failed:
        safe = [f"  (the trained model is safe in {trained})"] if trained else []
        raise PreflightError("\n".join(["a run could not come to its end:", *failed, *safe]))


def _remote(ports: Ports) -> str:
    ports.repository.fetch()
    return f"main at {main_head(ports.repository)[:12]}"


def _records(ports: Ports) -> str:
    sha = main_head(ports.repository)
    policy_at(ports.repository, sha)
    metadata = metadata_at(ports.repository, sha)
    samples = len(manifest_at(ports.repository, sha).samples)
    return f"{samples} samples, {f'model v{metadata.version}' if metadata else 'no model yet'}"


def _data_store(ports: Ports) -> str:
    ports.data_store.probe()
    return "a probe came back whole"


def _registry(ports: Ports) -> str:
    try:
        version = require_own_alias(repository=ports.repository, registry=ports.registry)
    except RegistryAwayError:
        return "asked once the instance is up"
    return f"answers; production is {f'v{version}' if version else 'not set'}"


def _disk(root: Path) -> str:
    free_gib = shutil.disk_usage(root).free / 2**30
    if free_gib < MIN_FREE_GIB:
        raise PreflightError(
            f"{free_gib:.1f} GiB free, and a run wants {MIN_FREE_GIB:.0f}", remedy="Make room on this disk."
        )
    return f"{free_gib:.0f} GiB free"
