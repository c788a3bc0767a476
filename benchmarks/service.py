"""Requests per second of `wms serve` against the earlier system's way to serve, side by side in one run.

    python benchmarks/service.py [FOLDER] [--model DIR] [--clients N] [--seconds S] [--turns N]

Both answer the same photographs with PNG masks, from processes of their own on the same cores, and take
turns: never both at once. Clients send their next request when they have an answer. Also measured: CPU
seconds a request (which other work on the machine changes least), the time from the start of the process
to the first answer of `/ready` (the smallest of the turns), and resident memory. Goals: 5 times the requests
a second, below 400 MiB, ready in below 3 s. Without FOLDER images are made; without --model the weights are
random, which does not matter for speed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import requests
import yaml

from inference import CONFIGS, export
from inputs.pairs import make_pairs
from inputs.ports import free_port
from wms.core.settings import TrainSettings, load_settings

GOAL_RATIO, GOAL_MIB, GOAL_SECONDS = 5.0, 400, 3.0
HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Running:
    """A server that is ready."""

    address: str
    process: subprocess.Popen[bytes]
    ready_seconds: float

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self, field: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"{field}:\s*(\d+) kB", status)
        assert found is not None
        return round(int(found[1]) / 1024)


@contextlib.contextmanager
def running(command: list[str | Path], port: int) -> Iterator[Running]:
    began, address = time.perf_counter(), f"http://127.0.0.1:{port}"
    path = os.pathsep.join([str(HERE), *sys.path])
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            assert process.poll() is None, f"{command} has ended"
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{address}/ready", timeout=60).status_code == 200:
                    break
            time.sleep(0.02)
        yield Running(address=address, process=process, ready_seconds=time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def load(address: str, images: list[bytes], *, clients: int, seconds: float) -> list[float]:
    """Latencies of all requests that were sent within some seconds."""
    latencies: list[float] = []
    until, turn = time.perf_counter() + seconds, count()

    def client() -> None:
        with requests.Session() as session:
            while time.perf_counter() < until:
                image = images[next(turn) % len(images)]
                began = time.perf_counter()
                answer = session.post(
                    f"{address}/v1/predict",
                    files={"image": ("x", image)},
                    headers={"Accept": "image/png"},
                    timeout=120,
                )
                assert answer.status_code == 200, answer.text
                latencies.append(time.perf_counter() - began)

    with ThreadPoolExecutor(clients) as pool:
        for ended in [pool.submit(client) for _ in range(clients)]:
            ended.result()
    return latencies


def p95(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        folder = args.folder or make_pairs(place / "pairs", 12)
        images = [path.read_bytes() for path in sorted((folder / "images").iterdir())[:50]]
        model = args.model
        if model is None:
            model = place / "model"
            export(load_settings(CONFIGS / "train.yaml", TrainSettings), model)
        settings = yaml.safe_load((CONFIGS / "serve.yaml").read_text())
        limits = place / "serve.yaml"
        limits.write_text(yaml.safe_dump(settings | {"requests_per_minute": 1e6, "burst": 100_000}))
        ports = free_port(), free_port()
        ours = [sys.executable, "-m", "wms", "serve", "--port", str(ports[0])]
        commands = {
            "wms": [*ours, "--model", model, "--settings", limits],
            "predecessor": [sys.executable, "-m", "inputs.predecessor", str(ports[1])],
        }
        found: dict[str, dict[str, list[float]]] = {
            name: {"rate": [], "cpu": [], "p95": [], "ready": [], "rss": [], "peak": []} for name in commands
        }
        for _ in range(args.turns):
            for (name, command), port in zip(commands.items(), ports, strict=True):
                with running(command, port) as server:
                    load(server.address, images, clients=args.clients, seconds=2.0)
                    began, cpu = time.perf_counter(), server.cpu_seconds()
                    latencies = load(server.address, images, clients=args.clients, seconds=args.seconds)
                    kept = found[name]
                    kept["rate"].append(len(latencies) / (time.perf_counter() - began))
                    kept["cpu"].append((server.cpu_seconds() - cpu) / len(latencies))
                    kept["p95"].append(p95(latencies))
                    kept["ready"].append(server.ready_seconds)
                    kept["rss"].append(server.memory_mib("VmRSS"))
                    kept["peak"].append(server.memory_mib("VmHWM"))
    ratios = [ours / theirs for ours, theirs in zip(*(each["rate"] for each in found.values()), strict=True)]
    answer = {
        name: {
            "requests_per_second": round(statistics.median(kept["rate"]), 2),
            "cpu_seconds_per_request": round(statistics.median(kept["cpu"]), 4),
            f"p95_seconds_at_{args.clients}_clients": round(statistics.median(kept["p95"]), 3),
            "ready_seconds": round(min(kept["ready"]), 2),
            "resident_mib": max(kept["rss"]),
            "peak_mib": max(kept["peak"]),
        }
        for name, kept in found.items()
    }
    ratio = statistics.median(ratios)
    cpu = [theirs / ours for ours, theirs in zip(*(each["cpu"] for each in found.values()), strict=True)]
    summary = {
        "ratio": round(ratio, 2),
        "ratios": [round(each, 2) for each in ratios],
        "cpu_ratios": [round(each, 2) for each in cpu],
    }
    print(json.dumps(answer | summary, indent=2))
    ours_found = found["wms"]
    reached = (
        ratio >= GOAL_RATIO and max(ours_found["peak"]) < GOAL_MIB and min(ours_found["ready"]) < GOAL_SECONDS
    )
    raise SystemExit(0 if reached else 1)


if __name__ == "__main__":
    main()
