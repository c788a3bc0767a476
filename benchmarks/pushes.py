"""What the pipeline makes of pushes, one after the other: verdict, Dice and minutes of each.

    python benchmarks/pushes.py FOLDER [FOLDER ...] [--first 300] [--push 53] [--seed 1] [--minutes M]
    python benchmarks/pushes.py FOLDER [FOLDER ...] --first 359 --push 100 --spoil shifted:0.2 empty:0.6

The pairs of all folders are shuffled by the seed, divided into a first dataset and pushes, and taken by
`wms pipeline run` in a workspace of its own, with the project's own settings. On a machine that does other
work too, `--epochs FIRST EACH` fixes the number of epochs instead of the minutes.

`--spoil KIND:SHARE` gives a share of the last push wrong masks, each time in a copy of the workspace before
it: `shifted` by a quarter of the image, of an `other` image of the push, or an `empty` window (a small square
is left of it). With `--together` one training on everything ends it, with the same minutes in all, or with
`--epochs` as many epochs as let it see as many images in all.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image, ImageChops

WMS = [sys.executable, "-m", "wms"]

Pair = tuple[Path, Path]


def pairs_of(folders: list[Path]) -> list[Pair]:
    pairs = []
    for folder in folders:
        masks = {path.stem: path for path in (folder / "masks").iterdir()}
        pairs += [
            (image, masks[image.stem]) for image in (folder / "images").iterdir() if image.stem in masks
        ]
    return sorted(pairs)


def write_push(pairs: list[Pair], to: Path, *, spoil: str | None = None, share: float = 0.0) -> Path:
    wrong = round(share * len(pairs)) if spoil else 0
    for number, (image, mask) in enumerate(pairs):
        for source, kind in ((image, "images"), (mask, "masks")):
            (to / kind).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, to / kind / source.name)
        if number < wrong:
            other = pairs[(number + 1) % len(pairs)][1]
            spoiled = spoil_mask(Image.open(mask).convert("L"), Image.open(other).convert("L"), str(spoil))
            (to / "masks" / mask.name).unlink()
            spoiled.save(to / "masks" / f"{mask.stem}.png")
    return to


def spoil_mask(mask: Image.Image, other: Image.Image, how: str) -> Image.Image:
    if how == "other":
        return other.resize(mask.size, Image.Resampling.NEAREST)
    if how == "empty":
        box = mask.point(lambda level: 255 * (level > 127)).getbbox() or (0, 0, *mask.size)
        rest = Image.new("L", mask.size)
        side = max(8, mask.width // 20)
        rest.paste(255, (box[0], box[1], box[0] + side, box[1] + side))
        return rest
    return ImageChops.offset(mask, mask.width // 4, mask.height // 4)


def run(workspace: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [*WMS, "pipeline", "run", *arguments, "--json"], cwd=workspace, stdout=subprocess.PIPE, check=False
    )
    return dict(json.loads(done.stdout))


def say(what: str, workspace: Path, outcome: dict[str, object], seconds: float) -> None:
    read = {name: workspace / "run" / f"{name}.json" for name in ("decision", "train")}
    decision, train = (json.loads(path.read_bytes()) if path.is_file() else {} for path in read.values())
    before = (decision.get("champion") or {}).get("summary", {}).get("dice")
    print(
        json.dumps(
            {
                "push": what,
                "outcome": outcome.get("outcome") or outcome.get("error"),
                "reason": decision.get("reasons", [""])[0],
                "dice_before": before and round(before, 4),
                "dice": round(decision["candidate"]["summary"]["dice"], 4) if decision else None,
                "failures": decision["candidate"]["summary"]["failures"] if decision else None,
                "start": (train.get("provenance", {}).get("start") or {}).get("init"),
                "train_seconds": round(train.get("seconds", 0)),
                "seconds": round(seconds),
            }
        ),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--first", type=int, default=300)
    parser.add_argument("--push", type=int, default=53)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="of each training; by default what train.yaml says")
    parser.add_argument("--epochs", type=int, nargs=2, metavar=("FIRST", "EACH"))
    parser.add_argument("--spoil", nargs="+", default=[], metavar="KIND:SHARE")
    parser.add_argument("--together", action="store_true")
    parser.add_argument("--keep", type=Path, help="keep the workspace there")
    args = parser.parse_args()
    pairs = pairs_of(args.folders)
    random.Random(args.seed).shuffle(pairs)
    pushes = [pairs[: args.first]]
    pushes += [pairs[start : start + args.push] for start in range(args.first, len(pairs), args.push)]
    with tempfile.TemporaryDirectory() as name:
        scratch = args.keep or Path(name)
        work = scratch / "work"
        subprocess.run([*WMS, "init", work], check=True, stdout=subprocess.DEVNULL)
        spoiled = pushes.pop() if args.spoil else []
        spent, seen = 0.0, 0
        for number, part in enumerate(pushes):
            folder = write_push(part, scratch / f"push-{number}")
            epochs = args.epochs and args.epochs[min(number, 1)]
            take(
                f"{number}: {len(part)} pairs",
                work,
                ["--incoming", str(folder), *budget(args.minutes, epochs)],
            )
            spent += json.loads((work / "run/train.json").read_bytes())["seconds"]
            seen += (epochs or 0) * sum(map(len, pushes[: number + 1]))
        for spoil in args.spoil:
            kind, _, share = spoil.partition(":")
            folder = write_push(spoiled, scratch / spoil, spoil=kind, share=float(share))
            copy = shutil.copytree(work, scratch / f"work-{spoil}", symlinks=True)
            epochs = args.epochs and args.epochs[1]
            what = f"{len(spoiled)} pairs, {float(share):.0%} {kind}"
            take(what, copy, ["--incoming", str(folder), *budget(args.minutes, epochs)])
        if args.together:
            epochs = args.epochs and round(seen / sum(map(len, pushes)))
            same = budget(spent / 60, epochs)
            take(
                "everything at once", work, ["--reason", "everything at once", "--init", "pretrained", *same]
            )


def budget(minutes: float | None, epochs: int | None) -> list[str]:
    if epochs:
        return ["--set", f"epochs={epochs}", "--max-minutes", "600"]
    return ["--max-minutes", f"{minutes:.2f}"] if minutes else []


def take(what: str, workspace: Path, arguments: list[str]) -> None:
    started = time.monotonic()
    outcome = run(workspace, *arguments)
    say(what, workspace, outcome, time.monotonic() - started)


if __name__ == "__main__":
    main()
