"""Which photograph a new version is tried on, and how the trial ends."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from factories import make_manifest, make_provenance, make_report
from pipeline.small import write_bundle, write_small_pairs
from wms.core.errors import DeploymentError, RecordError
from wms.core.records.dataset import DatasetManifest
from wms.core.records.deployment import SmokeTest
from wms.deploy.known_photograph import Evaluation, choose_photograph, try_bundle

BASE = make_manifest(40)
TEST = BASE.of_split("test")
NEW = DatasetManifest.of([*BASE.samples, *make_manifest(20, prefix="new").samples])
DICE = [0.5 + number / 100 for number in range(len(TEST))]


def evaluation(of: DatasetManifest = BASE) -> Evaluation:
    stems = [sample.stem for sample in TEST]
    report = make_report(DICE, stems=stems, samples_sha256=of.split_digest("test"))
    return Evaluation(report=report, base=BASE, manifest=NEW)


def test_it_is_the_one_on_which_the_gate_measured_the_best_dice() -> None:
    sample, dice = choose_photograph(evaluation(), there=NEW)
    assert sample == TEST[-1]
    assert dice == pytest.approx(max(DICE), abs=1e-3)


def test_one_that_the_promotion_replaced_is_left_out() -> None:
    replaced = TEST[-1].model_copy(update={"image_sha256": "0" * 64})
    there = DatasetManifest.of([*(each for each in NEW.samples if each.stem != replaced.stem), replaced])
    assert choose_photograph(evaluation(), there=there)[0] == TEST[-2]


def test_an_evaluation_of_other_photographs_is_an_error() -> None:
    with pytest.raises(RecordError, match="no photograph of the test split"):
        choose_photograph(evaluation(make_manifest(3, prefix="other")), there=NEW)


@pytest.mark.parametrize(("skill", "other"), [(1.0, False), (0.5, False), (1.0, True)])
def test_a_bundle_passes_if_it_finds_the_window_and_is_the_right_one(
    tmp_path: Path, skill: float, other: bool
) -> None:
    card = write_bundle(tmp_path / "model", skill=skill, provenance=make_provenance(make_manifest(3)))
    pairs = write_small_pairs(tmp_path / "pairs", count=1, seed=1)
    (tmp_path / "model/smoke").mkdir()
    for kind in ("images", "masks"):
        shutil.copy(next((pairs / kind).iterdir()), tmp_path / f"model/smoke/{kind}.png")
    test = SmokeTest(
        photograph="images.png",
        mask="masks.png",
        mask_threshold=127,
        dice_at_least=0.9,
        onnx_sha256="0" * 64 if other else card.onnx_sha256,
    )
    if skill == 1.0 and not other:
        assert try_bundle(tmp_path / "model", test).dice > 0.9
        return
    with pytest.raises(DeploymentError, match=r"nothing was deployed: (it has the model|on the known)"):
        try_bundle(tmp_path / "model", test)
