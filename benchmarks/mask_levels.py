"""How grey masks become by what tools do to them: what backs `mask_tolerance` and `max_grey_share`.

    python benchmarks/mask_levels.py [FOLDER] [--limit N]

Of each mask, as it is and changed, the share of what is drawn that is grey, as validation's own code
measures it, and how many are refused for it. Changes that keep the window's outline must pass, those
that lose it must not; in between either may happen. The ratio is of the nearest share to the limit.
The share of *all* pixels that is grey is given beside it. The smaller a window in pixels, the more of
it is edge. Evenly spread masks in masks/ of FOLDER are
taken; without one, masks of the size of field photographs are made.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

from PIL import Image, ImageFilter

from inputs.pairs import make_pairs
from wms.core.settings import ValidationPolicy, load_data_settings
from wms.data.inspection.measure import MaskFacts, measure_mask

ROOT = Path(__file__).parents[1]
MADE = 30


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a tool does to a mask, and whether the result must pass, be refused, or may be either."""

    make: Callable[[Image.Image], Image.Image] = lambda mask: mask
    quality: int | None = None
    must: Literal["pass", "be refused", "either"] = "pass"


def scaled(divisor: int, resample: Image.Resampling) -> Callable[[Image.Image], Image.Image]:
    return lambda mask: mask.resize((mask.width // divisor, mask.height // divisor), resample)


CHANGES = {
    "as it is": Change(),
    "JPEG at quality 75": Change(quality=75),
    "JPEG at quality 50": Change(quality=50),
    "JPEG at quality 20": Change(quality=20),
    "to a half, Lanczos": Change(make=scaled(2, Image.Resampling.LANCZOS)),
    "to a third, bilinear": Change(make=scaled(3, Image.Resampling.BILINEAR), must="either"),
    "blurred by 8 px": Change(make=lambda mask: mask.filter(ImageFilter.GaussianBlur(8)), must="be refused"),
    "a class written as 128": Change(
        make=lambda mask: mask.point(lambda level: 128 if level > 127 else 0), must="be refused"
    ),
}


def changed(path: Path, change: Change, scratch: Path, policy: ValidationPolicy) -> MaskFacts:
    """Write a changed mask as a tool would, and measure that file."""
    with Image.open(path) as image:
        mask = change.make(image.convert("L"))
    file = scratch / ("mask.png" if change.quality is None else "mask.jpg")
    mask.save(file) if change.quality is None else mask.save(file, quality=change.quality)
    return measure_mask(file, policy=policy)


def figures(masks: Sequence[MaskFacts], policy: ValidationPolicy, change: Change) -> dict[str, object]:
    shares = [mask.grey_share(policy.mask_tolerance) for mask in masks]
    grey_of_all = [
        mask.share_above(policy.mask_tolerance) - mask.share_above(254 - policy.mask_tolerance)
        for mask in masks
    ]
    refused = sum(share > policy.max_grey_share for share in shares)
    nearest = min(shares) if change.must == "be refused" else max(shares)
    allowed = {"pass": {0}, "be refused": {len(masks)}, "either": {refused}}
    return {
        "min": round(min(shares), 3),
        "median": round(median(shares), 3),
        "max": round(max(shares), 3),
        "of_all_pixels_median": round(median(grey_of_all), 4),
        "ratio_to_limit": round(nearest / policy.max_grey_share, 2),
        "refused": refused,
        "must": change.must,
        "ok": refused in allowed[change.must],
    }


def measure(folder: Path, limit: int) -> dict[str, object]:
    policy = load_data_settings(ROOT).validation
    paths = sorted((folder / "masks").iterdir())
    chosen = paths[:: -(-len(paths) // limit)]
    with tempfile.TemporaryDirectory() as scratch:
        results = {
            name: figures([changed(path, change, Path(scratch), policy) for path in chosen], policy, change)
            for name, change in CHANGES.items()
        }
    return {
        "masks": len(chosen),
        "mask_tolerance": policy.mask_tolerance,
        "max_grey_share": policy.max_grey_share,
        "grey_shares": results,
        "ok": all(result["ok"] for result in results.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--limit", type=int, default=120, help="how many masks are changed at most")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or make_pairs(Path(scratch) / "pairs", MADE)
        result = measure(folder, args.limit)
    print(json.dumps(result, indent=2))
    raise SystemExit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
