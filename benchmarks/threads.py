"""What a training step costs, by how OpenMP's threads wait for each other and how many there are.

    python benchmarks/threads.py [--busy]

Each row is a process of its own: milliseconds of wall and of CPU time an image, for a small and for the
default network. With --busy another process computes without pause meanwhile.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
WAYS = {
    "sleep at once": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
    "spin 1,000 times (default here)": {"GOMP_SPINCOUNT": "1000"},
    "spin 100,000 times": {"GOMP_SPINCOUNT": "100000"},
    "spin on": {"OMP_WAIT_POLICY": "ACTIVE", "GOMP_SPINCOUNT": "infinite"},
}
SIZES = ((16, 4, 128), (24, 8, 128), (24, 8, 256))
"""Base width, batch and side in pixels."""
STEPS, WARM_UP = 10, 3


def steps(threads: int) -> None:
    from wms.core.settings import load_train_settings
    from wms.training.learner import Learner
    from wms.training.machine import has_bfloat16
    from wms.training.process_group import CPU, ProcessGroup

    import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

    torch.set_num_threads(threads)
    row = {}
    for width, batch, side in SIZES:
        learner = Learner(
            load_train_settings(ROOT, {"base_width": width, "batch_size": batch}), ProcessGroup()
        )
        pictures = torch.rand(batch, 3, side, side).to(memory_format=torch.channels_last)
        masks, times, cpu = torch.zeros(batch, 1, side, side), [], 0.0
        for step in range(WARM_UP + STEPS):
            if step == WARM_UP:
                cpu = time.process_time()
            start = time.perf_counter()
            learner.step(pictures, masks, rate=1e-4, bfloat16=has_bfloat16(CPU))
            times.append(1000 * (time.perf_counter() - start) / batch)
        cpu = 1000 * (time.process_time() - cpu) / STEPS / batch
        row[f"width {width}, {side} px"] = f"{median(times[WARM_UP:]):.1f} ms, CPU {cpu:.1f}"
    print(json.dumps(row))


def compute() -> None:
    while True:
        sum(range(10_000))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--busy", action="store_true")
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.threads:
        steps(args.threads)
        return
    neighbour = multiprocessing.Process(target=compute, daemon=True)
    if args.busy:
        neighbour.start()
    cores = len(os.sched_getaffinity(0))
    for name, threads, variables in (
        *((f"{cores} threads, {name}", cores, variables) for name, variables in WAYS.items()),
        ("1 thread", 1, {}),
    ):
        command = [sys.executable, __file__, "--threads", str(threads)]
        done = subprocess.run(
            command, env={**os.environ, **variables}, check=True, stdout=subprocess.PIPE, text=True
        )
        print(f"{name}: {json.loads(done.stdout)}", flush=True)
    if args.busy:
        neighbour.terminate()


if __name__ == "__main__":
    main()
