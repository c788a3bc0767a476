"""Ask, in seconds and before anything costs money, whether a run can succeed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from wms.cloud.cost import month_cost
from wms.cloud.preflight import aws_preflight, credentials_expire_at
from wms.core.context import Context
from wms.core.errors import Code, InputError, RegistryAwayError
from wms.core.ports import Ports
from wms.core.production import main_head, manifest_at, metadata_at
from wms.core.records.preflight import PreflightReport, ask
from wms.core.settings import load_train_settings
from wms.core.settings.infra import OVER_BUDGET_VARIABLE
from wms.core.words import counted
from wms.promotion.evidence import policy_at
from wms.promotion.reconcile import require_own_alias

MIN_FREE_GIB = 2.0
"""Room for the dataset's hard links, the decoded cache, checkpoints and the records of one run."""

OVERHEAD = timedelta(minutes=30)
"""The time of a run beside its training: start of the instance, evaluation, publication, merge."""

UNBOUNDED = timedelta(hours=3)
"""The expected time of a training without a time budget."""


def preflight(
    ctx: Context, *, expected: timedelta | None = None, expire_at: datetime | None = None
) -> PreflightReport:
    """Probe everything that a run needs, and the cloud account too where an environment is chosen.

    `expected` is how long the run will take; by default its training's time budget and the overhead.
    `expire_at` is when the credentials expire; by default the environment variables say.
    """
    ports = ctx.ports
    questions: tuple[tuple[str, Callable[[], str]], ...] = (
        ("remote repository", lambda: _remote(ports)),
        ("records on main", lambda: _records(ports)),
        ("data store: write, read", lambda: _data_store(ports)),
        ("model registry", lambda: _registry(ports)),
        ("lease book", lambda: f"{counted(len(ports.leases.load()[0].leases), 'lease')} written"),
        ("instance", lambda: ports.compute.state()),
        ("disk", lambda: _disk(ctx.layout.root)),
    )
    lines = [ask(what, question) for what, question in questions]
    if ctx.environment is not None:
        lines += aws_preflight(
            settings=ctx.environment.settings,
            account=ctx.environment.account,
            ledger=lambda: month_cost(ctx),
            now=ctx.clock(),
            expected=expected or _expected_duration(ctx),
            expire_at=credentials_expire_at(expire_at, os.environ),
            without_instance=ctx.environment.without_instance,
            over_budget=os.environ.get(OVER_BUDGET_VARIABLE) or None,
        )
    return PreflightReport(lines=tuple(lines))


def require_preflight(ctx: Context) -> None:
    """Ask everything for the current run, say what it has to do without, and stop it if it cannot succeed.

    Raises:
        InputError: names what failed, and what to do about each.
    """
    report = preflight(ctx)
    for line in report.lines:
        if line.degraded:
            ctx.progress.say(f"continuing without {line.what}: {line.result}. {line.remedy}")
    require_ready(report, trained=ctx.layout.bundle if ctx.layout.record("train").is_file() else None)


def require_ready(report: PreflightReport, *, trained: Path | None = None) -> None:
    """Stop here if a run could not succeed; the message says that a `trained` model is safe.

    Raises:
        InputError: names what failed, and what to do about each.
    """
    failed = [f"  {line.what}: {line.result}. {line.remedy}" for line in report.lines if not line.ok]
    if failed:
        safe = [f"  (the trained model is safe in {trained})"] if trained else []
        raise InputError("\n".join(["a run could not succeed:", *failed, *safe]), Code.PREFLIGHT)


def _expected_duration(ctx: Context) -> timedelta:
    """How long a run will take: the current one where there is one, else one by the settings here."""
    started = ctx.layout.record("request").is_file()
    overrides = ctx.request.options.train_overrides if started else None
    settings = load_train_settings(ctx.layout.root, overrides)
    images = len(ctx.manifest().of_split("train")) if ctx.layout.manifest.is_file() else None
    minutes = settings.max_minutes if images is None else settings.minutes(images, warm=False)
    return (timedelta(minutes=minutes) if minutes else UNBOUNDED) + OVERHEAD


def _remote(ports: Ports) -> str:
    ports.repository.fetch()
    return f"main at {main_head(ports.repository)[:12]}"


def _records(ports: Ports) -> str:
    sha = main_head(ports.repository)
    policy_at(ports.repository, sha)
    metadata = metadata_at(ports.repository, sha)
    samples = len(manifest_at(ports.repository, sha).samples)
    return f"{counted(samples, 'sample')}, {f'model v{metadata.version}' if metadata else 'no model yet'}"


def _data_store(ports: Ports) -> str:
    ports.data_store.probe()
    return "a test object was written and read back"


def _registry(ports: Ports) -> str:
    try:
        version = require_own_alias(repository=ports.repository, registry=ports.registry)
    except RegistryAwayError:
        return "asked once the instance is up"
    return f"answers; production is {f'v{version}' if version else 'not set'}"


def _disk(root: Path) -> str:
    free_gib = shutil.disk_usage(root).free / 2**30
    if free_gib < MIN_FREE_GIB:
        raise InputError(
            f"{free_gib:.1f} GiB free, and a run needs {MIN_FREE_GIB:.0f}",
            Code.PREFLIGHT,
            remedy="Free some disk space.",
        )
    return f"{free_gib:.0f} GiB free"
