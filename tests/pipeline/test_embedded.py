"""The embedded default as a user has it: the program itself, real Git, DVC, MLflow and training, no fakes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from pipeline.shell import TINY, Shell


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, shell: Shell) -> Path:
    out = tmp_path_factory.mktemp("input") / "my photos é"
    shell.at(out.parent)("wms", "data", "synth", "--out", out, "--count", "60", "--seed", "3")
    return out


@pytest.fixture(scope="module")
def promoted(shell: Shell, pairs: Path) -> Shell:
    """A workspace with the data of a first push that was promoted; its gate takes any first model."""
    shell("wms", "init", "work", *(word for value in TINY for word in ("--set", value)))
    shell = shell.at(shell.folder / "work")
    gate = shell.folder / "WMS/configs/gate.yaml"
    gate.write_text(gate.read_text().replace("floor_dice: 0.6", "floor_dice: 0").replace("0.45", "0"))
    identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    shell("git", *identity, "commit", "-qam", "Any first model will do")
    shell("git", "push", "-q", "origin", "main")
    answer = json.loads(shell("wms", "pipeline", "run", "--incoming", pairs, "--json"))
    assert answer["outcome"] == "promoted"
    shell("git", "pull", "-q")
    shell("dvc", "pull", "-q")
    return shell


@pytest.fixture
def copied(promoted: Shell, tmp_path: Path) -> Shell:
    """A copy of it, for a test that changes its records."""
    shutil.copytree(promoted.folder, tmp_path / "work", symlinks=True)
    return promoted.at(tmp_path / "work")


def test_git_tells_what_is_in_production(promoted: Shell) -> None:
    metadata = json.loads(promoted("git", "show", "origin/main:model-metadata.json"))
    assert metadata["version"] == 1
    assert {"version", "weights_sha256", "run_id", "metrics", "dataset"} <= set(metadata)


def test_the_registry_has_it_under_its_alias(promoted: Shell) -> None:
    (model,) = json.loads(promoted("wms", "model", "list", "--json"))
    assert model["production"]


def test_dvc_agrees_with_the_promoted_lock(promoted: Shell) -> None:
    assert "up to date" in promoted("dvc", "status")
    assert "up to date" in promoted("dvc", "repro")


def test_predicted_masks_have_the_upright_images_sizes(promoted: Shell, pairs: Path) -> None:
    sub_folder = promoted.at(promoted.folder / "WMS/data")
    sub_folder("wms", "predict", pairs / "images", "--out", "../../masks", "--overlays", "../../look")
    photographs = sorted((pairs / "images").iterdir())
    assert len(photographs) == 60
    for path in photographs:
        with Image.open(path) as photograph, Image.open(promoted.folder / f"masks/{path.stem}.png") as mask:
            assert mask.size == ImageOps.exif_transpose(photograph).size
            assert {value for _, value in mask.getcolors()} <= {0, 255}


def test_a_promoted_decision_replays_from_the_data_store(promoted: Shell) -> None:
    assert "follows from its records" in promoted("wms", "gate", "--replay-version", "1")


def test_a_pulled_model_is_the_promoted_one_byte_for_byte(promoted: Shell) -> None:
    promoted("wms", "model", "pull", "--out", "pulled")
    for name in ("model.safetensors", "model.onnx", "model.json"):
        pulled, trained = promoted.folder / "pulled" / name, promoted.folder / "run/model" / name
        assert pulled.read_bytes() == trained.read_bytes()


def test_pushing_the_same_again_has_nothing_to_do(copied: Shell, pairs: Path) -> None:
    assert "the dataset has its 60 pairs already" in copied(
        "wms", "pipeline", "run", "--incoming", pairs, fails_with=12
    )


def test_a_registry_that_is_away_stops_a_run_before_training(promoted: Shell) -> None:
    said = promoted(
        "env", "MLFLOW_TRACKING_URI=http://127.0.0.1:9", "wms", "infra", "preflight", fails_with=43
    )
    assert re.search(r"model registry\s+FAILED", said)


def test_dvc_repro_leaves_an_unfinished_run_as_it_is(copied: Shell) -> None:
    for step in ("merge", "validate", "split"):
        copied("wms", "data", step)
    before = (copied.folder / "run/manifest.jsonl").read_bytes()
    assert "abandon it with --abandon" in copied("dvc", "repro", "--force", fails_with=255)
    assert (copied.folder / "run/manifest.jsonl").read_bytes() == before
    copied("wms", "data", "prepare", "--abandon")


def stages_to_run(shell: Shell) -> list[str]:
    """The stages of which something that they read themselves has changed; those behind them follow."""
    return re.findall(r"Running stage '(\w+)'", shell("dvc", "repro", "--dry"))


def test_dvc_repro_runs_the_stages_on_the_dataset_as_checked_out(copied: Shell) -> None:
    copied("dvc", "repro", "--force")
    assert json.loads((copied.folder / "run/metrics.json").read_text())["pictures"] > 0
    assert stages_to_run(copied) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("data.yaml", "mask_threshold: 127", "mask_threshold: 100", ["train", "evaluate"]),
        ("data.yaml", "near_duplicate_bits: ", "near_duplicate_bits: 1", []),
        ("train.yaml", "patience: 2", "patience: 3", ["train"]),
        ("gate.yaml", "confidence: ", "confidence: 0", []),
    ],
)
def test_a_changed_setting_runs_the_stages_that_read_it(
    promoted: Shell, file: str, old: str, new: str, stages: list[str]
) -> None:
    config = promoted.folder / "WMS/configs" / file
    before = config.read_text()
    assert old in before
    try:
        config.write_text(before.replace(old, new, 1))
        assert stages_to_run(promoted) == stages
    finally:
        config.write_text(before)


def test_a_file_that_the_manifest_does_not_name_is_refused(promoted: Shell) -> None:
    stranger = promoted.folder / "WMS/data/training/images/stranger.jpg"
    stranger.write_bytes(b"new")
    try:
        said = promoted("wms", "data", "prepare", fails_with=6)
    finally:
        stranger.unlink()
    assert "images/stranger.jpg" in said
    assert (promoted.folder / "run/manifest.jsonl").is_file()


def versions(shell: Shell) -> list[int]:
    return [model["version"] for model in json.loads(shell("wms", "model", "list", "--json"))]


@pytest.mark.soak
def test_a_workspace_that_was_moved_works_on_and_leaves_its_old_place_alone(
    promoted: Shell, tmp_path: Path
) -> None:
    home, elsewhere, kept = promoted.folder, tmp_path / "another place é", tmp_path / "kept"
    shutil.copytree(home, elsewhere, symlinks=True)
    home.rename(kept)
    try:
        moved = promoted.at(elsewhere)
        assert "model v1, promotion" in moved("wms", "model", "show")
        assert "60 samples" in moved("wms", "data", "status")
        moved("wms", "data", "synth", "--out", "more", "--count", "6", "--seed", "11")
        moved("wms", "predict", "more/images", "--out", "masks-of-more")
        assert len(list((elsewhere / "masks-of-more").iterdir())) == 6
        before = versions(moved)
        answer = json.loads(moved("wms", "pipeline", "run", "--incoming", "more", "--json"))
        assert answer["outcome"] in {"promoted", "held"}
        assert versions(moved) == [*before, before[-1] + 1]
        moved("git", "-C", "WMS/configs", "fetch", "-q", "origin")
        moved("dvc", "pull", "-q")
        assert not home.exists()
    finally:
        kept.rename(home)
