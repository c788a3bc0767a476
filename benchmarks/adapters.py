"""What Git, DVC and MLflow cost through the adapters, against copying the same folder once.

    python benchmarks/adapters.py [FOLDER] [--turns N]

Each turn has a process and a workspace of its own, with the embedded default: a bare Git repository, a
DVC remote in a folder, MLflow in a SQLite file. So imports, start-ups and new databases fall on the
first call of each tool, as in a command of `wms`. In each turn the folder is also copied plainly; the
ratio is of the medians. Metrics and the model do not depend on FOLDER: there the copy is no more than a
yardstick for the machine. Without FOLDER, 359 pairs are made.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from inputs.pairs import make_pairs
from wms.core.files import write_bytes
from wms.core.ports import DataStore, Metric, Registry, Repository
from wms.core.progress import Silent
from wms.core.records.base import sha256_hex
from wms.wiring import make_workspace, open_workspace

COPY = "plain copy"
UNDER = "WMS/data/incoming"
BUNDLE_MIB = 8
EPOCH = 7
"""Values that one epoch logs."""
BACKLOG = 2500
"""Values that a training logs at its end after a server was away: three requests."""
STAGES = b"stages:\n  prepare:\n    cmd: never-run\n    deps: [WMS/data/training]\n"


class Watch:
    """Seconds by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def git_turn(watch: Watch, repository: Repository, folder: Path, scratch: Path) -> None:
    head = repository.head("main")
    assert head is not None
    with watch.timing("git commit_folder"):
        commit = repository.commit_folder(head, folder, under=UNDER, message="Pairs")
    with watch.timing("git push"):
        repository.push(commit, "data/bench", expect=None)
    with watch.timing("git export"):
        repository.export(commit, UNDER, scratch / "exported")


def dvc_turn(watch: Watch, store: DataStore, folder: Path, scratch: Path) -> None:
    with watch.timing("dvc store_dataset, first"):
        stored = store.store_dataset(folder)
    with watch.timing("dvc store_dataset, again"):
        store.store_dataset(folder)
    with watch.timing("dvc fetch_dataset"):
        store.fetch_dataset(stored.pointer, scratch / "fetched")
    write_bytes(scratch / "tree/dvc.yaml", STAGES)
    shutil.copytree(folder, scratch / "tree/WMS/data/training")
    with watch.timing("dvc lock_stages"):
        store.lock_stages(scratch / "tree")


def mlflow_turn(watch: Watch, registry: Registry, scratch: Path) -> None:
    weights = os.urandom(BUNDLE_MIB * 2**20)
    write_bytes(scratch / "bundle/model.safetensors", weights)
    with watch.timing("mlflow first call"):
        registry.production()
    with watch.timing("mlflow start_run"):
        run = registry.start_run("bench", params={f"p{i}": str(i) for i in range(30)}, tags={})
    with watch.timing(f"mlflow log_metrics of {EPOCH} values"):
        registry.log_metrics(run, values(EPOCH))
    with watch.timing(f"mlflow log_metrics of {BACKLOG} values"):
        registry.log_metrics(run, values(BACKLOG))
    with watch.timing(f"mlflow register, {BUNDLE_MIB} MiB"):
        registry.register(run, scratch / "bundle", weights_sha256=sha256_hex(weights))


def values(count: int) -> list[Metric]:
    return [Metric(name=f"m{i % EPOCH}", value=i / 7, step=i // EPOCH, timestamp_ms=i) for i in range(count)]


def turn(folder: Path) -> dict[str, float]:
    """Every operation once, in a process that has imported none of the tools yet."""
    watch = Watch()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        make_workspace(scratch / "workspace", {})
        ports = open_workspace(scratch / "workspace", Silent()).ports
        with watch.timing(COPY):
            shutil.copytree(folder, scratch / "copy")
        git_turn(watch, ports.repository, folder, scratch)
        dvc_turn(watch, ports.data_store, folder, scratch)
        mlflow_turn(watch, ports.registry, scratch)
    return watch.seconds


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or make_pairs(Path(scratch) / "pairs", 359)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
            turns = list(pool.map(turn, [folder] * args.turns))
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    medians = {name: median(each[name] for each in turns) for name in turns[0]}
    result = {
        "files": len(sizes),
        "mib": round(sum(sizes) / 2**20),
        "turns": len(turns),
        "operations": {
            name: {"seconds": round(seconds, 3), "ratio_to_copy": round(seconds / medians[COPY], 2)}
            for name, seconds in medians.items()
        },
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
