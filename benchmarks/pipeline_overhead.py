"""What the pipeline costs besides training: from pushed pairs to a merged pull request.

    python benchmarks/pipeline_overhead.py [FOLDER]

A first run in a fresh workspace warms the caches of the process and of the disk; the second run, on
the same pairs in another fresh workspace, is measured. Everything is real: Git remote, DVC remote,
MLflow store; training is one epoch at the smallest size, and its job's time is left out. The goal
is 40 s for 359 pairs on 2 cores. The ratio is against decoding the same files once, in the same run.
FOLDER holds images/ and masks/; without one, 359 pairs are made.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from PIL import Image

from inputs.pairs import make_pairs
from wms.core.progress import Silent
from wms.core.records.run import RunOptions, RunState
from wms.core.settings import GATE_CONFIG
from wms.run.runner import run_pipeline
from wms.wiring import make_workspace, open_workspace

GOAL_SECONDS = 40.0
TINY = {"epochs": 2, "image_size_px": 64, "base_width": 8, "patience": 2}


def run_once(root: Path, pairs: Path) -> RunState:
    make_workspace(root, TINY)
    lower_the_floor(root)
    return run_pipeline(open_workspace(root, Silent()), incoming=pairs, options=RunOptions())


def lower_the_floor(root: Path) -> None:
    """A model of one epoch would be held; what is measured goes on to the merge."""
    from wms.adapters.git.repository import GitRepository

    repository = GitRepository(root)
    gate = root / GATE_CONFIG
    text = gate.read_text().replace("floor_dice: 0.6", "floor_dice: 0.0")
    gate.write_text(text.replace("floor_iou: 0.45", "floor_iou: 0.0"))
    head = repository.head("main")
    assert head is not None
    commit = repository.commit(head, {GATE_CONFIG: gate.read_bytes()}, message="No floor")
    repository.push(commit, "main", expect=head)


def decode_once(pairs: Path) -> float:
    started = time.perf_counter()
    for path in sorted(pairs.rglob("*")):
        if path.is_file():
            with Image.open(path) as image:
                image.load()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        pairs = arguments.folder or make_pairs(Path(scratch) / "pairs", 359)
        run_once(Path(scratch) / "warm", pairs)
        state = run_once(Path(scratch) / "measured", pairs)
        decoding = decode_once(pairs)
    overhead = {name: seconds for name, seconds in state.seconds.items() if name != "train"}
    total = sum(overhead.values())
    figures = {
        "outcome": state.outcome,
        "seconds_by_job": overhead,
        "overhead_seconds": round(total, 1),
        "goal_seconds": GOAL_SECONDS,
        "ratio_to_decoding_once": round(total / decoding, 2),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
