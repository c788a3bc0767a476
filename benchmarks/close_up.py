"""What the second look costs, and what it gains: Dice and time of one model that looks once, and twice.

    python benchmarks/close_up.py MODEL FOLDER [FOLDER ...]

MODEL is a bundle such as run/model; FOLDER holds images/ and masks/ that the model was not trained on. Both
graphs have the weights and the threshold of MODEL and take decoded images, in turns, on one thread; its own
time counts.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from statistics import fmean, median

import onnx
from safetensors.torch import load_file

from wms.core.files import sha256_file, write_record
from wms.core.production import verify_bundle
from wms.core.records.dataset import DatasetManifest
from wms.core.records.metrics import FAILURE_DICE
from wms.core.records.training import CARD_FILE, ONNX_FILE, WEIGHTS_FILE
from wms.data.plan import plan_folder
from wms.imaging.compare import count_pixels
from wms.imaging.files import read_image, read_mask
from wms.model.bundle import load_bundle
from wms.training.export import export_network
from wms.training.unet import build
from wms.training.whole_graph import whole_graph, with_half_weights

import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

MASK_THRESHOLD = 127


def bundles(model: Path, scratch: Path) -> tuple[Path, Path]:
    """The model that looks once, and twice."""
    card = verify_bundle(model)
    if card.preprocessing.close_up is None:
        raise SystemExit(f"the model in {model} looks only once")
    network = build(card.architecture, seed=0)
    network.load_state_dict(load_file(model / WEIGHTS_FILE))
    squares = scratch / "squares.onnx"
    answers = torch.nn.Sequential(network, torch.nn.Sigmoid()).eval()
    export_network(answers, card.preprocessing.size_px, squares)
    once, twice = scratch / "once", scratch / "twice"
    for folder, close_up in ((once, None), (twice, card.preprocessing.close_up)):
        folder.mkdir()
        shutil.copyfile(model / WEIGHTS_FILE, folder / WEIGHTS_FILE)
        preprocessing = card.preprocessing.model_copy(update={"close_up": close_up})
        graph = whole_graph(with_half_weights(onnx.load(squares)), preprocessing)
        onnx.save(graph, folder / ONNX_FILE)
        digest = sha256_file(folder / ONNX_FILE)
        changed = {"onnx_sha256": digest, "preprocessing": preprocessing}
        write_record(folder / CARD_FILE, card.model_copy(update=changed))
    return once, twice


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    dice: dict[str, list[float]] = {"once": [], "twice": []}
    seconds: dict[str, list[float]] = {"once": [], "twice": []}
    with tempfile.TemporaryDirectory() as scratch:
        folders = bundles(args.model, Path(scratch))
        models = dict(zip(dice, map(load_bundle, folders), strict=True))
        megabytes = (folders[1] / ONNX_FILE).stat().st_size / 1e6
        for folder in args.folders:
            for pair in plan_folder(folder, manifest=DatasetManifest()).pairs:
                image = read_image(folder / pair.image_source)
                there = read_mask(folder / pair.mask_source, threshold=MASK_THRESHOLD)
                for name, model in models.items():
                    start = time.thread_time()
                    found = model.mask(image)
                    seconds[name].append(time.thread_time() - start)
                    dice[name].append(count_pixels(found, there).dice)
    answer = {
        "images": len(dice["once"]),
        "dice": {name: round(fmean(values), 4) for name, values in dice.items()},
        "dice_median": {name: round(median(values), 4) for name, values in dice.items()},
        "failures": {name: sum(value < FAILURE_DICE for value in values) for name, values in dice.items()},
        "median_cpu_ms": {name: round(1000 * median(values), 1) for name, values in seconds.items()},
        "cost_ratio": round(median(seconds["twice"]) / median(seconds["once"]), 2),
        "model_megabytes": round(megabytes, 2),
    }
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
