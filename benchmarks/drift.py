"""How often the report of drift alarms: without any change, and after changes of the photographs.

    python benchmarks/drift.py FOLDER [--model MODEL] [--limit N]

FOLDER holds photographs. Each is answered by a model (default: the network that ships with wms), as it is and
changed. Then a reference and a stream of other photographs are drawn again and again, and alarms are counted.
No photograph comes twice in a stream.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from wms.core.names import IMAGE_SUFFIXES
from wms.core.records.drift import count
from wms.core.records.measures import Measures
from wms.core.records.training import Preprocessing
from wms.core.settings import DriftSettings, load_drift_settings
from wms.gate.reference import measure_answer
from wms.imaging.files import read_image
from wms.imaging.measures import measure
from wms.imaging.preprocess import PAD_GREY, preprocess, to_image
from wms.model.bundle import load_bundle
from wms.serving.drift import measured_drift
from wms.training.pretrained import load_pretrained
from wms.training.unet import build

import torch  # isort: skip - after wms.training, which tells OpenMP how to wait

Answer = Callable[[Image.Image], Measures]

CHANGES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "as they are": lambda photo: photo,
    "30 % darker": lambda photo: ImageEnhance.Brightness(photo).enhance(0.7),
    "turned by 90 degrees": lambda photo: photo.transpose(Image.Transpose.ROTATE_90),
    "blurred by 0.5 % of the side": lambda photo: photo.filter(
        ImageFilter.GaussianBlur(max(photo.size) / 200)
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--draws", type=int, default=1000)
    args = parser.parse_args()
    answer = of_bundle(args.model) if args.model else shipped()
    files = [path for path in sorted(args.folder.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
    photos = [Image.fromarray(read_image(path)) for path in files[: args.limit]]
    pools = {name: [answer(change(photo)) for photo in photos] for name, change in CHANGES.items()}
    settings = load_drift_settings(Path(__file__).parents[1])
    confidence = [each.confidence for each in pools["as they are"]]
    wanted = float(np.mean(np.array(confidence) < settings.wanted.below_confidence))
    rows: dict[str, object] = {"photographs": len(photos), "wanted_share": round(wanted, 3)}
    for images in (settings.min_images, 2 * settings.min_images):
        for name, pool in pools.items():
            rates = alarm_rates(
                pools["as they are"], pool, images=images, draws=args.draws, settings=settings
            )
            rows[f"{name}, {images} images"] = rates
    print(json.dumps(rows, indent=2))


def shipped() -> Answer:
    card, weights = load_pretrained()
    network = build(card.architecture, seed=0)
    network.load_state_dict(weights)
    network.eval()
    torch.set_num_threads(1)
    spec = Preprocessing(size_px=256, pad=PAD_GREY)

    def answer(photo: Image.Image) -> Measures:
        image = np.asarray(photo)
        inputs, box = preprocess(image, spec)
        with torch.inference_mode():
            found = torch.sigmoid(network(torch.from_numpy(np.ascontiguousarray(inputs))))
        return measure(image, to_image(found[0, 0].numpy(), box), 0.5)

    return answer


def of_bundle(folder: Path) -> Answer:
    predictor = load_bundle(folder)
    return lambda photo: measure_answer(predictor, np.asarray(photo))


def alarm_rates(
    known: Sequence[Measures],
    changed: Sequence[Measures],
    *,
    images: int,
    draws: int,
    settings: DriftSettings,
    reference_images: int = 140,
) -> dict[str, float]:
    """The share of draws that alarm, and that would alarm by the index alone."""
    rng = np.random.default_rng(1)
    alarms = by_index = 0
    for _ in range(draws):
        order = rng.permutation(len(known))
        reference = count(known[index] for index in order[:reference_images])
        stream = count(changed[index] for index in order[reference_images:][:images])
        found = measured_drift(reference, stream, settings=settings)
        alarms += any(each.state == "moved" for each in found)
        by_index += any(each.psi > settings.psi_moved for each in found)
    return {"alarms": alarms / draws, "by_the_index_alone": by_index / draws}


if __name__ == "__main__":
    main()
