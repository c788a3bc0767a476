"""How far apart distinct images are, and how far copies: what backs `near_duplicate_bits`.

    python benchmarks/near_duplicates.py [FOLDER ...] [--limit N] [--bits N ...]

Two hashes in the same run: the 256-bit one that validation uses, measured by validation's own code,
and as reference a 64-bit pHash of the image decoded in full. Distances are in bits; those of copies
are the largest seen, each from the image it was made of. The ratio is the smallest distance of
distinct images to the largest of a copy of the kinds that the threshold must catch; at 1 or below,
no threshold tells the two apart. At the threshold in force, and at each of --bits, it is counted how
many copies of every kind are missed and how many distinct pairs are taken for copies. Every image in
images/ of the FOLDERs, all together, is taken to be distinct, and evenly spread ones are copied;
without FOLDER, meters are rendered.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from wms.core.settings import ValidationPolicy, load_data_settings
from wms.data.inspection.measure import measure_image
from wms.imaging.files import read_image
from wms.synth.dataset import write_pairs

ROOT = Path(__file__).parents[1]
RENDERED = 120
Bits = NDArray[np.uint8]
"""A hash as bytes of eight bits each."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """One way of copying; `must` says whether the threshold must catch it."""

    make: Callable[[Image.Image], Image.Image]
    quality: int = 90
    must: bool = True


def scaled(divisor: int) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.resize((image.width // divisor, image.height // divisor))


def brighter(factor: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def cropped(share: float) -> Callable[[Image.Image], Image.Image]:
    def crop(image: Image.Image) -> Image.Image:
        x, y = round(image.width * share), round(image.height * share)
        return image.crop((x, y, image.width - x, image.height - y))

    return crop


def turned(degrees: float) -> Callable[[Image.Image], Image.Image]:
    return lambda image: image.rotate(degrees)


COPIES = {
    "re-encoded at quality 50": Copy(make=lambda image: image, quality=50),
    "scaled to 1/2": Copy(make=scaled(2)),
    "scaled to 1/3": Copy(make=scaled(3)),
    "brighter by 1.3": Copy(make=brighter(1.3)),
    "cropped 1 % a side": Copy(make=cropped(0.01)),
    "cropped 2 % a side": Copy(make=cropped(0.02)),
    "cropped 3 % a side": Copy(make=cropped(0.03), must=False),
    "turned 1 degree": Copy(make=turned(1)),
    "turned 2 degrees": Copy(make=turned(2)),
}


def hashes(path: Path, policy: ValidationPolicy) -> dict[str, Bits]:
    facts = measure_image(path, policy=policy)
    reference = imagehash.phash(Image.fromarray(read_image(path)), hash_size=8)
    return {
        "validation": np.frombuffer(bytes.fromhex(facts.phash), np.uint8),
        "phash-64": np.packbits(reference.hash),
    }


def distance(one: Bits, other: Bits) -> int:
    return int(np.bitwise_count(one ^ other).sum())


def copy_distances(paths: Sequence[Path], policy: ValidationPolicy) -> dict[str, dict[str, list[int]]]:
    """The distances from images to their copies, by hash and kind of copy."""
    found: dict[str, dict[str, list[int]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "copy.jpg"
        for path in paths:
            original, image = hashes(path, policy), Image.fromarray(read_image(path))
            for kind, copy in COPIES.items():
                copy.make(image).save(file, quality=copy.quality)
                for name, bits in hashes(file, policy).items():
                    found.setdefault(name, {}).setdefault(kind, []).append(distance(original[name], bits))
    return found


def distinct_distances(paths: Sequence[Path], policy: ValidationPolicy) -> dict[str, NDArray[np.int64]]:
    """The distances of all pairs of images, by hash."""
    all_hashes = [hashes(path, policy) for path in paths]
    found = {}
    for name in all_hashes[0]:
        matrix = np.stack([each[name] for each in all_hashes])
        rows = [np.bitwise_count(matrix[i + 1 :] ^ matrix[i]).sum(axis=1) for i in range(len(matrix) - 1)]
        found[name] = np.concatenate(rows).astype(np.int64)
    return found


def figures(distinct: NDArray[np.int64], copies: Mapping[str, Sequence[int]]) -> dict[str, object]:
    worst = {kind: max(bits) for kind, bits in copies.items()}
    return {
        "distinct_min_bits": int(distinct.min()),
        "distinct_permille_bits": round(float(np.percentile(distinct, 0.1)), 1),
        "copies_max_bits": worst,
        "ratio_distinct_to_copies": round(
            int(distinct.min()) / max(bits for kind, bits in worst.items() if COPIES[kind].must), 2
        ),
    }


def mistakes(
    bits: int, distinct: NDArray[np.int64], copies: Mapping[str, Sequence[int]]
) -> dict[str, object]:
    """What a threshold gets wrong, both ways."""
    return {
        "copies_missed": {kind: sum(each > bits for each in found) for kind, found in copies.items()},
        "distinct_pairs_taken_for_copies": int((distinct <= bits).sum()),
    }


def measure(folders: Sequence[Path], *, limit: int, thresholds: Sequence[int]) -> dict[str, object]:
    settings = load_data_settings(ROOT)
    in_force = settings.split.near_duplicate_bits
    paths = [path for folder in folders for path in sorted((folder / "images").iterdir())]
    chosen = paths[:: -(-len(paths) // limit)]
    distinct = distinct_distances(paths, settings.validation)
    copies = copy_distances(chosen, settings.validation)
    wrong = {
        bits: mistakes(bits, distinct["validation"], copies["validation"])
        for bits in sorted({in_force, *thresholds})
    }
    missed = {kind: sum(bits > in_force for bits in found) for kind, found in copies["validation"].items()}
    return {
        "pictures": len(paths),
        "pairs_of_distinct_pictures": len(distinct["validation"]),
        "pictures_copied": len(chosen),
        "hashes": {name: figures(distinct[name], copies[name]) for name in distinct},
        "near_duplicate_bits": in_force,
        "mistakes_by_bits": wrong,
        "ok": not (distinct["validation"] <= in_force).any()
        and not any(missed[kind] for kind in missed if COPIES[kind].must),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER")
    parser.add_argument("--limit", type=int, default=60, help="how many pictures are copied at most")
    parser.add_argument("--bits", type=int, nargs="*", default=[], help="further thresholds to look at")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if not args.folders:
            write_pairs(Path(scratch), count=RENDERED, seed=3)
        folders = args.folders or [Path(scratch)]
        result = measure(folders, limit=args.limit, thresholds=args.bits)
    print(json.dumps(result, indent=2))
    raise SystemExit(0 if result["ok"] else 1)


if __name__ == "__main__":
    main()
