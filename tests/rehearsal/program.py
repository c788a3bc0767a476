"""`wms` as the rehearsed jobs run it: the program itself, with the contract-tested fakes for what is slow.

MLflow and DVC give way to the fakes of `tests/fakes`, whose files lie where the embedded default keeps its
own, and a model is written down instead of trained: its skill is the seed in hundredths. Commands, stages,
steps, Git, the forge over HTTP and the state's way through the Git remote are the real ones.
`test_real_parts.py` leaves nothing out.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fakes.data_store import FakeDataStore
from fakes.registry import FakeRegistry
from forges import QUICK
from pipeline.small import WrittenTraining
from wms import wiring
from wms.adapters.github_forge import GitHubForge
from wms.cli import main
from wms.pipeline import reports
from wms.pipeline.context import Context
from wms.pipeline.stages import training
from wms.progress import Progress
from wms.wiring.hosting import Hosted

open_workspace = wiring.open_workspace


def open_with_fakes(start: Path, progress: Progress, *, embedded: bool = False) -> Context:
    """The workspace, with fakes for the data store and the registry."""
    ctx = open_workspace(start, progress, embedded=embedded)
    state = ctx.layout.state
    ports = replace(
        ctx.ports,
        data_store=FakeDataStore(state / "dvc-remote/fake"),
        registry=FakeRegistry(state / "mlartifacts/fake"),
    )
    return replace(ctx, ports=ports)


def impatient_forge(hosted: Hosted) -> GitHubForge:
    """The real adapter, which GitHub would ask to wait a second between two writes; the stand-in does not."""
    return GitHubForge(
        api_url=hosted.api_url, repository=hosted.repository, token=hosted.token, patience=QUICK
    )


def run() -> None:
    """The entry point."""
    Hosted.forge = impatient_forge  # type: ignore[method-assign]
    wiring.open_workspace = open_with_fakes  # type: ignore[assignment]
    training.train = WrittenTraining()  # type: ignore[assignment]
    reports.write_run_report = lambda layout, *, to, predict: to / "index.html"  # type: ignore[assignment]
    main()
