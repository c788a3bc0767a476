import numpy as np
import pytest

from fakes.registry import FakeRegistry
from meters import tiny_settings, train_tiny, write_dataset
from wms.core.errors import ImageError, InputError, RegistryError, TrainingError
from wms.core.files import read_record
from wms.core.records.dataset import DatasetManifest
from wms.core.records.training import CARD_FILE, ModelCard
from wms.imaging.files import read_image
from wms.model.bundle import load_bundle


class Away:
    """A registry that is never there; counts how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __getattr__(self, name):
        def refuse(*args, **kwargs):
            self.asked += 1
            raise RegistryError("connection refused")

        return refuse


@pytest.fixture
def manifest(tmp_path):
    return write_dataset(tmp_path / "data")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr("wms.training.tracking.FIRST_PAUSE_SECONDS", 0.001)


def test_a_training_leaves_a_bundle_that_finds_windows(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=16, val=4)
    result = train_tiny(tmp_path, manifest, settings=tiny_settings(epochs=12))
    predictor = load_bundle(tmp_path / "run" / result.bundle)
    assert predictor.card.weights_sha256 == result.weights_sha256
    assert predictor.card.provenance == result.provenance
    picture = read_image(tmp_path / "data/images" / manifest.of_split("val")[0].image)
    there = picture.mean(axis=2) > 150
    found = predictor.mask(picture)
    assert 2 * (found & there).sum() / (found.sum() + there.sum()) > 0.6


def test_a_model_that_looks_once_can_be_trained_too(tmp_path, manifest):
    result = train_tiny(tmp_path, manifest, "run", settings=tiny_settings(close_up=None, epochs=2))
    card = read_record(tmp_path / "run" / result.bundle / CARD_FILE, ModelCard)
    assert card.preprocessing.close_up is None
    assert load_bundle(tmp_path / "run" / result.bundle).mask(np.zeros((30, 40, 3), np.uint8)).shape == (
        30,
        40,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a training, its registry beside it, and its result."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, train_tiny(folder, write_dataset(folder / "data"))


def test_the_test_split_is_never_opened_and_same_seed_same_weights(trained, tmp_path, manifest):
    for sample in manifest.of_split("test"):
        (tmp_path / "data/images" / sample.image).unlink()
        (tmp_path / "data/masks" / sample.mask).unlink()
    assert train_tiny(tmp_path, manifest).weights_sha256 == trained[1].weights_sha256


def test_other_seed_other_weights(trained, tmp_path, manifest):
    other = train_tiny(tmp_path, manifest, settings=tiny_settings(seed=6))
    assert other.weights_sha256 != trained[1].weights_sha256


def test_the_best_epoch_has_the_lowest_validation_loss_of_those_that_may_be_it(tmp_path, manifest):
    result = train_tiny(tmp_path, manifest, settings=tiny_settings(epochs=8))
    assert result.epochs[result.best_epoch].val_loss == min(epoch.val_loss for epoch in result.epochs[6:])


def test_training_stops_when_the_validation_loss_no_longer_falls(tmp_path, manifest):
    # Without any learning the loss goes up and down by chance.
    still = tiny_settings(epochs=40, patience=2, learning_rate=1e-12, ema_decay=0.0)
    result = train_tiny(tmp_path, manifest, settings=still)
    assert result.stopped_early
    assert len(result.epochs) == result.best_epoch + 3 < 40


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_images_is_an_error(tmp_path, manifest, split):
    rest = DatasetManifest.of(s for s in manifest.samples if s.split != split)
    with pytest.raises(InputError, match=split):
        train_tiny(tmp_path, rest)


def test_a_broken_image_is_an_error_that_names_it(tmp_path, manifest):
    (tmp_path / "data/images/train-003.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match="train-003"):
        train_tiny(tmp_path, manifest)


def test_a_loss_that_is_not_finite_is_an_error_and_the_run_is_marked_failed(tmp_path, manifest):
    registry = FakeRegistry(tmp_path / "registry")
    with pytest.raises(TrainingError, match="the loss became"):
        train_tiny(tmp_path, manifest, registry=registry, settings=tiny_settings(learning_rate=1e30))
    assert '"failed"' in (tmp_path / "registry/registry.json").read_text()


class TestTracking:
    def test_the_server_gets_every_epoch_and_the_evidence(self, trained, manifest):
        folder, result = trained
        logged = FakeRegistry(folder / "registry")._load()["runs"][result.run_id]
        assert result.tracking_complete
        assert sorted({step for _, _, step in logged["metrics"]}) == [0, 1, 2, 3]
        assert logged["status"] == "finished"
        assert logged["params"]["learning_rate"] == "0.01"
        assert logged["tags"]["train_split_sha256"] == manifest.split_digest("train")
        evidence = {file.name for file in (folder / "registry" / result.run_id / "evidence").iterdir()}
        pictures = {"learning-curves.png", "precision-recall.png", "calibration.png", "worst.png", "best.png"}
        assert pictures | {"settings.json", "environment.json"} <= evidence

    def test_a_server_that_is_away_costs_no_training_and_is_asked_once_an_epoch_and_said(
        self, tmp_path, manifest
    ):
        registry = Away()
        result = train_tiny(tmp_path, manifest, registry=registry)
        assert not result.tracking_complete
        assert result.run_id == "untracked-run"
        assert (tmp_path / "run/model/model.onnx").is_file()
        assert registry.asked <= 1 + 4 + 3  # a few times at the end


def test_a_new_training_removes_what_an_old_one_left(tmp_path, manifest):
    train_tiny(tmp_path, manifest)
    (tmp_path / "run/model/model.onnx").write_bytes(b"old")
    result = train_tiny(tmp_path, manifest, settings=tiny_settings(epochs=2))
    assert len(result.epochs) == 2
    assert len((tmp_path / "run/history.csv").read_text().splitlines()) == 3
    card = read_record(tmp_path / "run/model/model.json", ModelCard)
    assert card.weights_sha256 == result.weights_sha256
