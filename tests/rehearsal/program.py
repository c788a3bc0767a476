"""`wms` as the rehearsed jobs run it: the program itself, with the contract-tested fakes for what is slow.

Without a cloud, MLflow and DVC give way to the fakes of `tests/fakes`, whose files lie where the embedded
default keeps its own. In an environment DVC is the real one, on S3, and the fake of MLflow answers through
the tunnel alone. A model is written down instead of trained: its skill is the seed in hundredths. Commands,
stages, steps, Git, the forge over HTTP, leases, Terraform and the state's way through the Git remote are the
real ones. `test_real_parts.py` leaves nothing out.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from fakes.data_store import FakeDataStore
from fakes.registry import FakeRegistry
from forges import QUICK
from pipeline.small import WrittenTraining, write_small_pairs
from wms import wiring
from wms.adapters.github.actions import GitHubActions
from wms.adapters.github.forge import GitHubForge
from wms.cli import main
from wms.core.context import Context
from wms.core.errors import RegistryError
from wms.core.files import read_record, write_bytes
from wms.core.layout import Layout
from wms.core.progress import Progress
from wms.core.records.run import RunRequest
from wms.gate import reports
from wms.model import page
from wms.synth import dataset
from wms.wiring.hosting import Hosted

NODE_DISK = "REHEARSAL_NODE_DISK"
"""The variable that names the folder in which the node's MLflow keeps what it is told."""

open_workspace = wiring.open_workspace


class ServedRegistry(FakeRegistry):
    """A registry on the node: every call knocks at the tunnel first, with the credentials of this job."""

    def _load(self) -> dict:
        from wms.adapters.aws.tunnel import Tunnel

        uri, password = os.environ["MLFLOW_TRACKING_URI"], os.environ["MLFLOW_TRACKING_PASSWORD"]
        port = int(uri.rpartition(":")[2])
        said = Tunnel(instance_id="", region="", local_port=port, document="", password=password).answer()
        if said != "ok":
            raise RegistryError(f"{uri}: {said}")
        return super()._load()


def open_with_fakes(start: Path, progress: Progress) -> Context:
    """The workspace, with fakes for the registry and, without a cloud, for the data store."""
    ctx = open_workspace(start, progress)
    ports, state = ctx.ports, ctx.layout.state
    if ctx.environment is None:
        fakes = FakeDataStore(state / "dvc-remote/fake"), FakeRegistry(state / "mlartifacts/fake")
        return replace(ctx, ports=replace(ports, data_store=fakes[0], registry=fakes[1]))
    if "MLFLOW_TRACKING_URI" in os.environ:
        ports = replace(ports, registry=ServedRegistry(Path(os.environ[NODE_DISK])))
    return replace(ctx, ports=ports)


def impatient_forge(hosted: Hosted) -> GitHubForge:
    """The real adapter, which GitHub would ask to wait a second between two writes; the stand-in does not."""
    return GitHubForge(
        api_url=hosted.api_url,
        repository=hosted.repository,
        token=hosted.token,
        patience=QUICK,
        run_url=hosted.run_url,
    )


def page_without_plots(layout: Layout, *, to: Path, **_: object) -> Path:
    """A page that is there at once: what a real one shows has tests of its own."""
    page = to / f"{read_record(layout.record('request'), RunRequest).run_id}.html"
    write_bytes(page, b"<!doctype html><title>A run</title>")
    return page


def small_page(bundle: Path, out: Path, *, version: int | None = None) -> None:
    """A page with the files that a deployment looks at; the real one has tests of its own."""
    write_bytes(out / "index.html", b"<!doctype html><title>The window</title>")
    for name in ("model.onnx", "model.json"):
        write_bytes(out / name, (bundle / name).read_bytes())


def impatient_workflows(hosted: Hosted) -> GitHubActions:
    """The same for runs."""
    return GitHubActions(
        api_url=hosted.api_url, repository=hosted.repository, token=hosted.token, patience=QUICK
    )


def small_pairs(out: Path, *, count: int, seed: int, start: int = 0) -> None:
    """What the self-test renders, small enough for a model that is written down."""
    write_small_pairs(out, count=count // 4, seed=seed + start)


def run() -> None:
    """The entry point."""
    Hosted.forge = impatient_forge  # type: ignore[method-assign]
    Hosted.workflows = impatient_workflows  # type: ignore[method-assign]
    dataset.write_pairs = small_pairs  # type: ignore[assignment]
    wiring.open_workspace = open_with_fakes  # type: ignore[assignment]
    if sys.argv[1:2] == ["train"]:
        from wms.training import candidate as training  # imports PyTorch

        training.train = WrittenTraining()  # type: ignore[assignment]
    page.write_page = small_page
    reports.write_run_page = page_without_plots  # type: ignore[assignment]
    main()
