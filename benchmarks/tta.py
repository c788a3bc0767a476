"""What test-time augmentation is worth: Dice of one trained model with 1, 2 and 3 passes.

    python benchmarks/tta.py MODEL FOLDER [FOLDER ...]

MODEL is a bundle such as run/model; FOLDER holds images/ and masks/ that the model was not trained on.
Scores are at the images' own resolution, with the model's own threshold; the network is that of
`model.safetensors`, in PyTorch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from statistics import fmean, median

import numpy as np
from safetensors.torch import load_file

from wms.core.production import verify_bundle
from wms.core.records.dataset import DatasetManifest
from wms.core.records.metrics import FAILURE_DICE
from wms.core.records.training import WEIGHTS_FILE
from wms.data.plan import plan_folder
from wms.imaging.compare import count_pixels
from wms.imaging.files import read_image, read_mask
from wms.imaging.preprocess import preprocess, to_image
from wms.training.test_time_augmentation import TRANSFORMS, Probability
from wms.training.unet import build

import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

MASK_THRESHOLD = 127


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    args = parser.parse_args()
    card = verify_bundle(args.model)
    network = build(card.architecture, seed=0)
    network.load_state_dict(load_file(args.model / WEIGHTS_FILE))
    models = [Probability(network, views=number).eval() for number in range(1, len(TRANSFORMS) + 1)]
    dice: list[list[float]] = [[] for _ in models]
    for folder in args.folders:
        for pair in plan_folder(folder, manifest=DatasetManifest()).pairs:
            picture = read_image(folder / pair.image_source)
            there = read_mask(folder / pair.mask_source, threshold=MASK_THRESHOLD)
            inputs, box = preprocess(picture, card.preprocessing)
            square = torch.from_numpy(np.ascontiguousarray(inputs))
            for scores, model in zip(dice, models, strict=True):
                with torch.inference_mode():
                    probability = to_image(model(square)[0, 0].numpy(), box)
                scores.append(count_pixels(probability > card.threshold, there).dice)
    rows = {
        f"{number} passes": {
            "dice": round(fmean(scores), 4),
            "dice_median": round(median(scores), 4),
            "failures": sum(value < FAILURE_DICE for value in scores),
        }
        for number, scores in enumerate(dice, start=1)
    }
    print(json.dumps({"pictures": len(dice[0]), **rows}, indent=2))


if __name__ == "__main__":
    main()
