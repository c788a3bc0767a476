"""What MLflow's server stands: many clients at once, each logging metrics in batches.

    python benchmarks/mlflow_load.py [STORE ...]

Real servers, one after the other, each on this machine together with the clients:

- `postgres`: what the node runs: the shipped entrypoint (two workers, basic auth) on a real PostgreSQL
- `sqlite`: a server on the embedded default's store, with its pool and its write-ahead log
- `sqlite-default-pool` (only where it is named, for it takes many minutes): the same as MLflow comes

In each turn a single client goes first: the ratio is of the 95th percentile with all clients to the median of
that one. Nothing is sent twice, so a failed request is a lost batch; afterwards every value is read back
and counted. The goal: no failed request, nothing lost, and on two cores a 95th percentile of at most 3 s with
PostgreSQL. Medians of the turns are printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import requests

from inputs.mlflow_server import plain_server, shipped_server
from inputs.ports import free_port
from inputs.postgres import missing, postgres_serving

GOAL_P95_SECONDS = 3.0
NAMES = 9
PASSWORD = "only for this benchmark"  # noqa: S105
POOL = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much is sent."""

    clients: int
    batches: int
    metrics: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one load."""

    seconds: list[float]
    failures: list[str]
    sent: int
    found: int
    wall_seconds: float


class Client:
    """One client with a run of its own; it never tries again."""

    def __init__(self, address: str, name: str) -> None:
        self._session = requests.Session()
        self._session.auth = ("admin", PASSWORD)
        self._api = f"{address}/api/2.0/mlflow"
        created = self._post("runs/create", {"experiment_id": "0", "run_name": name, "start_time": 1})
        created.raise_for_status()
        self._run = created.json()["run"]["info"]["run_id"]
        self.seconds: list[float] = []
        self.failures: list[str] = []

    def log(self, load: Load) -> None:
        """Send the batches one after the other, each once."""
        for batch in range(load.batches):
            metrics = [
                {"key": f"m{i % NAMES}", "value": i, "timestamp": i, "step": batch * load.metrics + i}
                for i in range(load.metrics)
            ]
            started = time.perf_counter()
            try:
                answer = self._post("runs/log-batch", {"run_id": self._run, "metrics": metrics})
            except requests.RequestException as error:
                self.failures.append(type(error).__name__)
            else:
                if answer.status_code != requests.codes.ok:
                    self.failures.append(f"HTTP {answer.status_code}: {answer.text[:120]}")
            self.seconds.append(time.perf_counter() - started)

    def count(self) -> int:
        """The values that the server has of this client's run."""
        found = 0
        for name in range(NAMES):
            answer = self._session.get(
                f"{self._api}/metrics/get-history",
                params={"run_id": self._run, "metric_key": f"m{name}"},
                timeout=300,
            )
            answer.raise_for_status()
            found += len(answer.json().get("metrics", []))
        return found

    def _post(self, path: str, body: dict[str, object]) -> requests.Response:
        return self._session.post(f"{self._api}/{path}", json=body, timeout=300)


def put(address: str, load: Load) -> Outcome:
    """All clients begin at once, each sends one batch after the other."""
    clients = [Client(address, f"client {i}") for i in range(load.clients)]
    started = time.perf_counter()
    with ThreadPoolExecutor(load.clients) as pool:
        list(pool.map(lambda client: client.log(load), clients))
    wall = time.perf_counter() - started
    return Outcome(
        seconds=sorted(second for client in clients for second in client.seconds),
        failures=[failure for client in clients for failure in client.failures],
        sent=load.clients * load.batches * load.metrics,
        found=sum(client.count() for client in clients),
        wall_seconds=wall,
    )


@contextlib.contextmanager
def on_postgres(folder: Path) -> Iterator[str]:
    settings = ("shared_buffers=128MB", "max_connections=500")
    with (
        postgres_serving(free_port(), settings=settings) as database,
        shipped_server(folder, database, port=free_port(), password=PASSWORD) as server,
    ):
        yield server.address


@contextlib.contextmanager
def on_sqlite(folder: Path, *, default_pool: bool) -> Iterator[str]:
    from wms.adapters.mlflow.client import ENVIRONMENT, connect

    uri = f"sqlite:///{folder / 'mlflow.db'}"
    environment = {key: value for key, value in os.environ.items() if key not in ENVIRONMENT}
    if not default_pool:
        connect(uri).search_experiments()
        environment |= ENVIRONMENT
    with plain_server(folder, uri, port=free_port(), environment=environment) as address:
        yield address


STORES = {
    "postgres": on_postgres,
    "sqlite": partial(on_sqlite, default_pool=False),
    "sqlite-default-pool": partial(on_sqlite, default_pool=True),
}


def measure(serving: contextlib.AbstractContextManager[str], load: Load, turns: int) -> dict[str, object]:
    alone, together = [], []
    with serving as address:
        put(address, Load(clients=1, batches=3, metrics=load.metrics))  # the first request opens connections
        for _ in range(turns):
            alone.append(put(address, Load(clients=1, batches=load.batches, metrics=load.metrics)))
            together.append(put(address, load))
    single = median(median(outcome.seconds) for outcome in alone)
    p95 = median(percentile(outcome.seconds, 95) for outcome in together)
    failures = [failure for outcome in together for failure in outcome.failures]
    return {
        "requests_a_turn": load.clients * load.batches,
        "failed_requests": len(failures),
        "first_failure": failures[0] if failures else None,
        "values_lost": sum(outcome.sent - outcome.found for outcome in together),
        "one_client_p50_seconds": round(single, 3),
        "p50_seconds": round(median(percentile(outcome.seconds, 50) for outcome in together), 3),
        "p95_seconds": round(p95, 3),
        "slowest_seconds": round(max(outcome.seconds[-1] for outcome in together), 3),
        "p95_ratio_to_one_client": round(p95 / single, 1),
        "values_a_second": round(median(outcome.found / outcome.wall_seconds for outcome in together)),
    }


def percentile(ordered: list[float], percent: int) -> float:
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--batches", type=int, default=10)
    parser.add_argument("--metrics", type=int, default=90)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("stores", nargs="*", default=["postgres", "sqlite"], metavar="STORE")
    args = parser.parse_args()
    if unknown := set(args.stores) - STORES.keys():
        parser.error(f"no such store: {', '.join(sorted(unknown))}; there are {', '.join(STORES)}")
    load = Load(clients=args.clients, batches=args.batches, metrics=args.metrics)
    about = {"cores": os.cpu_count(), "turns": args.turns, "goal_p95_seconds": GOAL_P95_SECONDS}
    for name in args.stores:
        reason = missing() if name == "postgres" else None
        if reason is not None:
            print(f"{name} is skipped: {reason}")
            continue
        with tempfile.TemporaryDirectory() as folder:
            outcome = measure(STORES[name](Path(folder)), load, args.turns)
        print(json.dumps({"store": name, **about, **outcome}, indent=2), flush=True)


if __name__ == "__main__":
    main()
