"""Peak memory of merging, validating, splitting and assembling, for 359 and for 3,000 pairs.

    python benchmarks/validate_memory.py [FOLDER] [--pairs N ...]

Each size runs in a process of its own, whose resident memory (and its children's, were there any) is
the figure; the acceptance limit is 1 GiB. Pairs of FOLDER (images/ and masks/) are taken as often as
needed, each time with other bytes; without one, synthetic pairs are made.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from inputs.memory import own_peak_mib
from inputs.pairs import make_pairs, multiply

LIMIT_MIB = 1024
DISTINCT = 60
"""Synthetic images that are really rendered; the rest are copies with other bytes."""


def prepare(folder: Path) -> None:
    """What the data job does with a first push, and its peak resident memory in MiB as JSON."""
    from inputs.dataset import lay_out

    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        manifest = lay_out(folder, Path(scratch) / "dataset")
    children_mib = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    print(json.dumps({"pairs": len(manifest.samples), "peak_mib": own_peak_mib() + children_mib}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pairs", type=int, nargs="+", default=[359, 3000])
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.prepare:
        prepare(args.prepare)
        return
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        source = args.folder or make_pairs(Path(scratch) / "source", DISTINCT)
        for count in args.pairs:
            folder = multiply(source, Path(scratch) / f"pairs-{count}", count)
            command = [sys.executable, __file__, "--prepare", str(folder)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            results.append(json.loads(done.stdout))
    ok = all(result["peak_mib"] < LIMIT_MIB for result in results)
    print(json.dumps({"results": results, "limit_mib": LIMIT_MIB, "ok": ok}, indent=2))
    raise SystemExit(0 if ok else 1)


if __name__ == "__main__":
    main()
