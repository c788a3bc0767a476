"""The losses of a small training on rendered meters, epoch by epoch, as they were when last looked at.

A change that moves them was either meant (then `WMS_UPDATE_GOLDEN=1` writes them anew, and the commit says
why) or is a defect that no other test of training would show.
"""

import json
import os

import pytest

from factories import make_facts
from fakes.registry import FakeRegistry
from meters import ROOT, tiny_settings
from wms.core.files import sha256_file
from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest, Sample
from wms.synth.dataset import write_pairs
from wms.training.start import TrainingInputs
from wms.training.train import train

GOLDEN = ROOT / "tests/golden/loss-curve.json"
TOLERANCE = 0.02
"""Relative. Another processor adds in another order, which 48 steps enlarge to some 0.1 %."""


def rendered(folder):
    write_pairs(folder, count=16, seed=11, start=0, progress=Silent())
    samples = []
    for number, image in enumerate(sorted((folder / "images").iterdir())):
        (mask,) = (folder / "masks").glob(f"{image.stem}.*")
        facts = make_facts(
            image.stem,
            image=image.name,
            mask=mask.name,
            image_sha256=sha256_file(image),
            mask_sha256=sha256_file(mask),
        )
        split = "val" if number % 4 == 0 else "train"
        samples.append(Sample(**facts.model_dump(), group=image.stem, split=split, added_by="data/base"))
    return DatasetManifest.of(samples)


def test_the_losses_are_those_of_the_golden_curve(tmp_path):
    settings = tiny_settings(image_size_px=64, stem_stride=2, epochs=16, batch_size=4, learning_rate=0.005)
    result = train(
        TrainingInputs(
            manifest=rendered(tmp_path / "data"),
            dataset=tmp_path / "data",
            settings=settings,
            mask_threshold=127,
            out=tmp_path / "run",
            cache=tmp_path / "cache",
        ),
        code_sha="unknown",
        registry=FakeRegistry(tmp_path / "registry"),
        run_name="golden",
        resume="never",
    )
    curve = [{"train": round(e.train_loss, 5), "val": round(e.val_loss, 5)} for e in result.epochs]
    if os.environ.get("WMS_UPDATE_GOLDEN"):
        GOLDEN.write_text(json.dumps(curve, indent=2) + "\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert len(curve) == len(golden)
    for now, then in zip(curve, golden, strict=True):
        assert now == pytest.approx(then, rel=TOLERANCE)
    assert curve[-1]["train"] < 0.95 * curve[0]["train"]
