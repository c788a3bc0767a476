"""Peak memory of merging, validating, splitting and assembling, for 359 and for 3,000 pairs.

    python benchmarks/validate_memory.py [FOLDER] [--pairs N ...]

Each size runs in a process of its own, whose resident memory (and its children's, were there any) is
the figure; the acceptance limit is 1 GiB. Pairs of FOLDER (images/ and masks/) are taken as often as
needed, each time with other bytes; without one, synthetic pairs are made.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from inputs.pairs import make_pairs

ROOT = Path(__file__).parents[1]
LIMIT_MIB = 1024
DISTINCT = 60
"""Synthetic pictures that are really rendered; the rest are copies with other bytes."""


def multiply(source: Path, to: Path, count: int) -> Path:
    """Write `count` pairs from the pairs of `source`; a copy has some bytes behind its end marker."""
    images = {path.stem: path for path in sorted((source / "images").iterdir())}
    masks = {path.stem: path for path in (source / "masks").iterdir()}
    for part in ("images", "masks"):
        (to / part).mkdir(parents=True)
    for number, stem in enumerate(islice(cycle(images), count)):
        for part, path in (("images", images[stem]), ("masks", masks[stem])):
            copy = to / part / f"{number:05d}{path.suffix}"
            copy.write_bytes(path.read_bytes() + f"copy {number}".encode())
    return to


def prepare(folder: Path) -> None:
    """What the data job does with a first push, and its peak resident memory in MiB as JSON."""
    from wms.config import load_data_settings
    from wms.domain.dataset import DatasetManifest
    from wms.progress import Silent
    from wms.steps.assemble import assemble
    from wms.steps.merge import merge_folder
    from wms.steps.split import split
    from wms.steps.validate import validate

    settings, main_manifest = load_data_settings(ROOT), DatasetManifest()
    plan = merge_folder(folder, manifest=main_manifest)
    report = validate(
        plan=plan,
        incoming=folder,
        manifest=main_manifest,
        policy=settings.validation,
        near_duplicate_bits=settings.split.near_duplicate_bits,
        quarantine=True,
        progress=Silent(),
    )
    outcome = split(plan=plan, report=report, manifest=main_manifest, policy=settings.split)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        dataset = Path(scratch) / "dataset"
        assemble(base=dataset, incoming=folder, plan=plan, manifest=outcome.manifest, to=dataset)
    children_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"pairs": len(report.facts), "peak_mib": round((own_peak_kib() + children_kib) / 1024)}))


def own_peak_kib() -> int:
    """Peak resident memory of this process; Linux lets `ru_maxrss` begin with that of its parent."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


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
