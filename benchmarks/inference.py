"""Images per second of the exported model on one core, against the reference network in PyTorch.

    python benchmarks/inference.py [FOLDER] [--turns N]

Both take decoded images: the model with its letterbox and its way back to the image's size, on ONNX
Runtime; the reference network at 512 x 512, in eager PyTorch and float32, without either. They take
turns in one process, on one thread. The goal is 5. The model has the weights that ship with wms, because
how large its close-ups are depends on what it finds.
Without FOLDER, images are made.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from inputs.pairs import make_pairs
from wms.core.records.training import Preprocessing, Provenance
from wms.core.settings import TrainSettings, load_settings
from wms.imaging.files import read_image
from wms.imaging.preprocess import PAD_GREY, preprocess
from wms.model.bundle import load_bundle
from wms.training.export import export_graph, write_card
from wms.training.pretrained import load_pretrained
from wms.training.unet import build

import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

CONFIGS = Path(__file__).parents[1] / "WMS/configs"
GOAL, PICTURES = 5.0, 12
NOBODY = "0" * 64


def export(settings: TrainSettings, pictures: list[NDArray[np.uint8]], folder: Path) -> None:
    network, close_up = build(settings.architecture, seed=0), settings.close_up
    network.load_state_dict(load_pretrained()[1])
    preprocessing = Preprocessing(
        size_px=settings.image_size_px, pad=PAD_GREY, close_up=close_up.window if close_up else None
    )
    # No close-ups, as a training adds: the time is the same.
    squares = np.concatenate([preprocess(image, preprocessing)[0] for image in pictures])
    exported = export_graph(network, folder=folder, preprocessing=preprocessing, squares=squares)
    write_card(
        exported,
        network,
        folder=folder,
        architecture=settings.architecture,
        preprocessing=preprocessing,
        threshold=0.5,
        provenance=Provenance(
            code_sha="benchmark",
            package_version="0",
            manifest_sha256=NOBODY,
            train_split_sha256=NOBODY,
            val_split_sha256=NOBODY,
            config_sha256=NOBODY,
            seed=0,
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--turns", type=int, default=5)
    args = parser.parse_args()
    torch.set_num_threads(1)
    ours, theirs = (load_settings(CONFIGS / name, TrainSettings) for name in ("train.yaml", "reference.yaml"))
    reference = build(theirs.architecture, seed=0).eval().to(memory_format=torch.contiguous_format)
    side = theirs.image_size_px
    square = torch.rand(1, 3, side, side)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or make_pairs(Path(scratch) / "pairs", PICTURES)
        pictures = [read_image(path) for path in sorted((folder / "images").iterdir())[:PICTURES]]
        export(ours, pictures, Path(scratch) / "model")
        predictor = load_bundle(Path(scratch) / "model")
        model_seconds, reference_seconds = [], []
        for _ in range(args.turns + 1):
            start = time.perf_counter()
            for picture in pictures:
                predictor.mask(picture)
            model_seconds.append((time.perf_counter() - start) / len(pictures))
            start = time.perf_counter()
            with torch.inference_mode():
                for _ in pictures:
                    torch.sigmoid(reference(square))
            reference_seconds.append((time.perf_counter() - start) / len(pictures))
    model, eager = 1 / median(model_seconds[1:]), 1 / median(reference_seconds[1:])
    answer = {
        "model_pictures_per_second": round(model, 2),
        "reference_pictures_per_second": round(eager, 2),
        "ratio": round(model / eager, 2),
        "goal": GOAL,
    }
    print(json.dumps(answer, indent=2))
    raise SystemExit(0 if model / eager >= GOAL else 1)


if __name__ == "__main__":
    main()
