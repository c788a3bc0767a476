"""What the second look and 8-bit convolutions cost and gain: Dice, time and size of one model's exports.

    python benchmarks/exports.py MODEL FOLDER [FOLDER ...]

MODEL is a bundle such as run/model; FOLDER holds images/ and masks/ that the model was not trained on.
`shipped` is its graph as it is, `float32` the same without rounding, `one_look` that without the close-up.
All have the weights and the threshold of MODEL and take decoded images, in turns, on one thread; its own
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
from wms.training.whole_graph import whole_graph

import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

MASK_THRESHOLD = 127


def bundles(model: Path, scratch: Path) -> dict[str, Path]:
    """The model, exported in three ways."""
    card = verify_bundle(model)
    if card.preprocessing.close_up is None:
        raise SystemExit(f"the model in {model} looks only once")
    network = build(card.architecture, seed=0)
    network.load_state_dict(load_file(model / WEIGHTS_FILE))
    squares = scratch / "squares.onnx"
    answers = torch.nn.Sequential(network, torch.nn.Sigmoid()).eval()
    export_network(answers, card.preprocessing.size_px, squares)
    close_ups = {"one_look": None, "float32": card.preprocessing.close_up}
    for name, close_up in close_ups.items():
        folder = scratch / name
        folder.mkdir()
        shutil.copyfile(model / WEIGHTS_FILE, folder / WEIGHTS_FILE)
        preprocessing = card.preprocessing.model_copy(update={"close_up": close_up})
        graph = whole_graph(onnx.load(squares), preprocessing)
        onnx.save(graph, folder / ONNX_FILE)
        digest = sha256_file(folder / ONNX_FILE)
        changed = {"onnx_sha256": digest, "preprocessing": preprocessing}
        write_record(folder / CARD_FILE, card.model_copy(update=changed))
    return {"shipped": model, **{name: scratch / name for name in close_ups}}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = bundles(args.model, Path(scratch))
        models = {name: load_bundle(folder) for name, folder in folders.items()}
        megabytes = {name: (folder / ONNX_FILE).stat().st_size / 1e6 for name, folder in folders.items()}
        dice: dict[str, list[float]] = {name: [] for name in models}
        seconds: dict[str, list[float]] = {name: [] for name in models}
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
        "images": len(dice["shipped"]),
        "dice": {name: round(fmean(values), 4) for name, values in dice.items()},
        "dice_median": {name: round(median(values), 4) for name, values in dice.items()},
        "failures": {name: sum(value < FAILURE_DICE for value in values) for name, values in dice.items()},
        "median_cpu_ms": {name: round(1000 * median(values), 1) for name, values in seconds.items()},
        "megabytes": {name: round(value, 2) for name, value in megabytes.items()},
    }
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
