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


def test_the_test_split_is_never_opened(tmp_path, manifest):
    for sample in manifest.of_split("test"):
        (tmp_path / "data/images" / sample.image).unlink()
        (tmp_path / "data/masks" / sample.mask).unlink()
    assert train_tiny(tmp_path, manifest).tracking_complete


def test_same_seed_same_weights_other_seed_other_weights(tmp_path, manifest):
    first, again = (train_tiny(tmp_path, manifest, out=name) for name in ("a", "b"))
    other = train_tiny(tmp_path, manifest, out="c", settings=tiny_settings(seed=6))
    assert first.weights_sha256 == again.weights_sha256
    assert other.weights_sha256 != first.weights_sha256


def test_the_best_epoch_is_one_at_full_size(tmp_path, manifest):
    result = train_tiny(tmp_path, manifest)
    assert result.epochs[result.best_epoch].image_size_px == 32
    full_size = [e.val_loss for e in result.epochs if e.image_size_px == 32]
    assert result.epochs[result.best_epoch].val_loss == min(full_size)


def test_training_stops_when_the_validation_loss_no_longer_falls(tmp_path, manifest):
    # Without any learning the first epoch at full size stays the best one.
    still = tiny_settings(epochs=20, patience=2, learning_rate=1e-12, ema_decay=0.0)
    result = train_tiny(tmp_path, manifest, settings=still)
    assert result.stopped_early
    assert len(result.epochs) < 20


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
    def test_the_server_gets_every_epoch_and_the_evidence(self, tmp_path, manifest):
        registry = FakeRegistry(tmp_path / "registry")
        result = train_tiny(tmp_path, manifest, registry=registry)
        logged = registry._load()["runs"][result.run_id]
        assert sorted({step for _, _, step in logged["metrics"]}) == [0, 1, 2, 3]
        assert logged["status"] == "finished"
        assert logged["params"]["learning_rate"] == "0.01"
        assert logged["tags"]["train_split_sha256"] == manifest.split_digest("train")
        evidence = {file.name for file in (tmp_path / "registry" / result.run_id / "evidence").iterdir()}
        pictures = {"learning-curves.png", "precision-recall.png", "calibration.png", "worst.png", "best.png"}
        assert pictures | {"settings.json", "environment.json"} <= evidence

    def test_a_server_that_is_away_costs_no_training_and_is_said(self, tmp_path, manifest):
        result = train_tiny(tmp_path, manifest, registry=Away())
        assert not result.tracking_complete
        assert result.run_id == "untracked-run"
        assert (tmp_path / "run/model/model.onnx").is_file()

    def test_a_server_is_asked_at_most_once_an_epoch_and_a_few_times_at_the_end(self, tmp_path, manifest):
        registry = Away()
        train_tiny(tmp_path, manifest, registry=registry)
        assert registry.asked <= 1 + 4 + 3


def test_a_new_training_removes_what_an_old_one_left(tmp_path, manifest):
    train_tiny(tmp_path, manifest)
    (tmp_path / "run/model/model.onnx").write_bytes(b"old")
    result = train_tiny(tmp_path, manifest, settings=tiny_settings(epochs=2))
    assert len(result.epochs) == 2
    assert len((tmp_path / "run/history.csv").read_text().splitlines()) == 3
    card = read_record(tmp_path / "run/model/model.json", ModelCard)
    assert card.weights_sha256 == result.weights_sha256
