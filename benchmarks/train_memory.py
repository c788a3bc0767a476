"""Peak memory of a training, for 359 and for 3,000 pairs.

    python benchmarks/train_memory.py [FOLDER] [--pairs N ...]

Each size trains two epochs of `train.yaml` (one at each image size) in a process of its own, whose
peak resident memory is the figure: with the exported model, the evidence and the tracking server's
client, as `wms train` has them. Limits: 2.5 GiB for 359 pairs, 3 GiB for 3,000. Decoding runs in
processes of their own, whose largest is stated too. Pairs of FOLDER are taken as often as needed, each
time with other bytes; without one they are rendered.
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

ROOT = Path(__file__).parents[1]
LIMITS_MIB = {359: 2560, 3000: 3072}
DISTINCT = 60


def train_once(folder: Path) -> None:
    from inputs.training import train_in
    from wms.core.progress import Silent
    from wms.core.settings import load_train_settings

    settings = load_train_settings(ROOT, {"epochs": 2, "max_minutes": None})
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        manifest, _ = train_in(Path(scratch), folder, settings, Silent())
    decoding = round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    print(json.dumps({"pairs": len(manifest.samples), "peak_mib": own_peak_mib(), "decoding_mib": decoding}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pairs", type=int, nargs="+", default=list(LIMITS_MIB))
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.train:
        train_once(args.train)
        return
    results = []
    with tempfile.TemporaryDirectory() as scratch:
        source = args.folder or make_pairs(Path(scratch) / "source", DISTINCT)
        for count in args.pairs:
            folder = multiply(source, Path(scratch) / f"pairs-{count}", count)
            command = [sys.executable, __file__, "--train", str(folder)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            results.append(json.loads(done.stdout.splitlines()[-1]) | {"limit_mib": LIMITS_MIB.get(count)})
    ok = all(item["peak_mib"] <= (item["limit_mib"] or item["peak_mib"]) for item in results)
    print(json.dumps({"results": results, "ok": ok}, indent=2))
    raise SystemExit(0 if ok else 1)


if __name__ == "__main__":
    main()
