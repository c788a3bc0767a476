"""How much longer validation takes than decoding the same files once.

    python benchmarks/validate_speed.py [FOLDER] [--repeats N]

Both sides read the same files in the same run with Pillow, in one process with the same number of
threads, taking turns. The ratio is of the medians; the acceptance limit is 1.5. FOLDER holds images/
and masks/; without one, 359 synthetic pairs are made.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

from PIL import Image

from inputs.pairs import make_pairs
from wms.core.cores import usable_cores
from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest, MergePlan
from wms.core.settings import load_data_settings
from wms.data.plan import plan_folder
from wms.data.validate import validate_plan

ROOT = Path(__file__).parents[1]
LIMIT = 1.5


def decode_all(folder: Path, plan: MergePlan) -> None:
    def decode(path: str) -> None:
        with Image.open(folder / path) as image:
            image.load()

    paths = [path for pair in plan.pairs for path in (pair.image_source, pair.mask_source)]
    with ThreadPoolExecutor(usable_cores()) as pool:
        list(pool.map(decode, paths))


def validate_all(folder: Path, plan: MergePlan) -> None:
    settings = load_data_settings(ROOT)
    validate_plan(
        plan=plan,
        incoming=folder,
        manifest=DatasetManifest(),
        settings=settings,
        quarantine=False,
        progress=Silent(),
    )


def seconds(work: Callable[[Path, MergePlan], None], folder: Path, plan: MergePlan) -> float:
    start = time.perf_counter()
    work(folder, plan)
    return time.perf_counter() - start


def measure(folder: Path, repeats: int) -> dict[str, object]:
    plan = plan_folder(folder, manifest=DatasetManifest())
    decode_all(folder, plan)  # the files are in memory from here on
    decoding, validating = [], []
    for repeat in range(repeats):
        turns = [(decoding, decode_all), (validating, validate_all)]
        for times, work in turns if repeat % 2 else reversed(turns):
            times.append(seconds(work, folder, plan))
    ratio = median(validating) / median(decoding)
    return {
        "pairs": len(plan.pairs),
        "workers": usable_cores(),
        "decode_seconds": [round(value, 3) for value in decoding],
        "validate_seconds": [round(value, 3) for value in validating],
        "ratio": round(ratio, 3),
        "limit": LIMIT,
        "ok": ratio <= LIMIT,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or make_pairs(Path(scratch) / "pairs", 359)
        result = measure(folder, args.repeats)
    print(json.dumps(result, indent=2))
    raise SystemExit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
