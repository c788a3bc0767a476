"""The page beside Python: pixels that differ, and how long a visitor waits.

    python benchmarks/browser.py MODEL FOLDER [--count 50]

MODEL is a bundle such as run/model, FOLDER has photographs in images/. Needs Chromium and a built page (`make
web`). Differing pixels are those of the masks in the page's zip beside `Predictor.mask`. The times are of a
photograph scaled to 12 megapixels, from its choice to its mask: the first with the loading of a page that is
stored in the browser (its model is not loaded yet), and the median of the next; beside each the processor
seconds of the browser, which is about the time on a machine with nothing else to do. Sizes are as gzip.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import fmean, median

import psutil
from PIL import Image

from inputs.browser import chromium, give, mask_of, missing, open_page, saved, served
from wms.imaging.files import read_image
from wms.model.bundle import load_bundle
from wms.model.page import write_page

TWELVE_MEGAPIXELS = (3000, 4000)
DIFFERING, FIRST_SECONDS, NEXT_SECONDS, MEGABYTES = 0.001, 3.0, 1.0, 10.0


def spent() -> tuple[float, float]:
    """The clock, and the processor seconds of this process's browser."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if process.name().startswith("chrom"):
                total += sum(process.cpu_times()[:2])
    return time.perf_counter(), total


def since(start: tuple[float, float]) -> dict[str, float]:
    """What passed on both since `spent`."""
    now = spent()
    return {"clock": round(now[0] - start[0], 2), "processor": round(now[1] - start[1], 2)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=50)
    args = parser.parse_args()
    if lacking := missing():
        raise SystemExit(lacking)
    photos = sorted((args.folder / "images").iterdir())[: args.count]
    turned = sum(Image.open(path).getexif().get(0x0112, 1) not in (0, 1) for path in photos)
    predictor = load_bundle(args.model)
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        site, large = Path(scratch) / "site", Path(scratch) / "large.jpg"
        write_page(args.model, site)
        Image.fromarray(read_image(photos[0])).resize(TWELVE_MEGAPIXELS).save(large, quality=92)
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        with served(site) as address:
            # It stays open: the processor seconds of a process that ends would be missing.
            open_page(context.new_page(), address)
            page = context.new_page()
            start = spent()
            open_page(page, address)
            loading = since(start)
            give(page, [large])
            first, following = since(start), []
            for _ in range(5):
                start = spent()
                give(page, [large])
                following.append(since(start))
            page.click("#clear")
            for done in range(0, len(photos), 10):
                give(page, photos[done : done + 10])
            files = saved(page)
            how = page.inner_text("#model")
        differing = [
            float((mask_of(files[f"masks/{path.stem}.png"]) != predictor.mask(read_image(path))).mean())
            for path in photos
        ]
        sizes = {
            path.relative_to(site).as_posix(): len(gzip.compress(path.read_bytes(), 9)) / 1e6
            for path in site.rglob("*")
            if path.is_file()
        }
    answer = {
        "how": how,
        "photos": len(photos),
        "turned_by_exif": turned,
        "differing_percent": {
            "mean": round(100 * fmean(differing), 4),
            "largest": round(100 * max(differing), 4),
        },
        "first_mask_seconds": first,
        "of_it_loading": loading,
        "next_mask_seconds": {key: median(each[key] for each in following) for key in first},
        "gzip_megabytes": {
            "model": round(sizes["model.onnx"], 2),
            "folder": round(sum(sizes.values()), 2),
        },
        "goal": f"differing <= {DIFFERING:.1%}, first <= {FIRST_SECONDS} s, next <= {NEXT_SECONDS} s, "
        f"<= {MEGABYTES} MB",
    }
    print(json.dumps(answer, indent=2))
    raise SystemExit(0 if max(differing) <= DIFFERING else 1)


if __name__ == "__main__":
    main()
