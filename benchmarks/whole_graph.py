"""What it costs, or gains, that letterbox and way back lie in the graph: Dice and time beside the way before.

    python benchmarks/whole_graph.py MODEL FOLDER [FOLDER ...]

MODEL is a bundle such as run/model; FOLDER holds images/ and masks/ that the model was not trained on.
Before: Pillow's letterbox and way back around a float32 graph of squares. Now: the whole graph with float16
weights. Both take decoded images, in turns, on one thread; its own time counts.
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
from wms.core.records.training import CARD_FILE, ONNX_FILE, WEIGHTS_FILE
from wms.data.plan import plan_folder
from wms.imaging.compare import count_pixels
from wms.imaging.files import read_image, read_mask
from wms.model.bundle import OUTPUT, SQUARE_INPUT, load_bundle
from wms.training.export import export_network
from wms.training.test_time_augmentation import Probability
from wms.training.unet import build
from wms.training.whole_graph import whole_graph, with_half_weights

MASK_THRESHOLD = 127
GOAL = 0.002


def bundles(model: Path, scratch: Path) -> tuple[Path, Path]:
    """The model in both forms."""
    card = verify_bundle(model)
    network = build(card.architecture, seed=0)
    network.load_state_dict(load_file(model / WEIGHTS_FILE))
    squares, whole = scratch / "squares", scratch / "whole"
    for folder in (squares, whole):
        folder.mkdir()
        shutil.copyfile(model / WEIGHTS_FILE, folder / WEIGHTS_FILE)
    side = card.preprocessing.size_px
    export_network(Probability(network, views=card.views).eval(), side, squares / ONNX_FILE)
    graph = onnx.load(squares / ONNX_FILE)
    onnx.save(with_half_weights(whole_graph(graph, card.preprocessing)), whole / ONNX_FILE)
    for node in graph.graph.node:
        node.input[:] = [SQUARE_INPUT if name == graph.graph.input[0].name else name for name in node.input]
        node.output[:] = [OUTPUT if name == graph.graph.output[0].name else name for name in node.output]
    graph.graph.input[0].name, graph.graph.output[0].name = SQUARE_INPUT, OUTPUT
    onnx.save(graph, squares / ONNX_FILE)
    for folder in (squares, whole):
        digest = sha256_file(folder / ONNX_FILE)
        write_record(folder / CARD_FILE, card.model_copy(update={"onnx_sha256": digest}))
    return squares, whole


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    dice: dict[str, list[float]] = {"before": [], "now": []}
    seconds: dict[str, list[float]] = {"before": [], "now": []}
    differing = []
    with tempfile.TemporaryDirectory() as scratch:
        folders = bundles(args.model, Path(scratch))
        models = dict(zip(dice, map(load_bundle, folders), strict=True))
        megabytes = (folders[1] / ONNX_FILE).stat().st_size / 1e6
        for folder in args.folders:
            for pair in plan_folder(folder, manifest=DatasetManifest()).pairs:
                image = read_image(folder / pair.image_source)
                there = read_mask(folder / pair.mask_source, threshold=MASK_THRESHOLD)
                found = {}
                for name, model in models.items():
                    start = time.thread_time()
                    found[name] = model.mask(image)
                    seconds[name].append(time.thread_time() - start)
                    dice[name].append(count_pixels(found[name], there).dice)
                differing.append(float((found["before"] != found["now"]).mean()))
    change = fmean(dice["now"]) - fmean(dice["before"])
    answer = {
        "images": len(differing),
        "dice": {name: round(fmean(values), 5) for name, values in dice.items()},
        "dice_change": round(change, 5),
        "differing_pixels_percent": {
            "mean": round(100 * fmean(differing), 4),
            "largest": round(100 * max(differing), 4),
        },
        "median_cpu_ms": {name: round(1000 * median(values), 1) for name, values in seconds.items()},
        "speed_ratio": round(median(seconds["before"]) / median(seconds["now"]), 2),
        "model_megabytes": round(megabytes, 2),
        "goal": f"|dice_change| <= {GOAL}, speed_ratio >= 1",
    }
    print(json.dumps(answer, indent=2))
    raise SystemExit(0 if abs(change) <= GOAL else 1)


if __name__ == "__main__":
    main()
