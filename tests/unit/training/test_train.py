import shutil
import threading

import pytest

from fakes.registry import FakeRegistry
from meters import tiny_settings, write_dataset
from wms.core.errors import ImageError, RegistryError, TooFewSamplesError, TrainingError
from wms.core.files import read_record
from wms.core.progress import Silent
from wms.core.records.dataset import DatasetManifest
from wms.core.records.training import ModelCard
from wms.imaging.files import read_picture
from wms.model.bundle import load_bundle
from wms.training import train as train_module
from wms.training.start import TrainingInputs
from wms.training.tracking import deliver_rest
from wms.training.train import train


class Away:
    """A registry that is never there; counts how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __getattr__(self, name):
        def refuse(*args, **kwargs):
            self.asked += 1
            raise RegistryError("connection refused")

        return refuse


def run(tmp_path, manifest, *, registry=None, settings=None, out="run", resume="never", progress=None):
    return train(
        TrainingInputs(
            manifest=manifest,
            dataset=tmp_path / "data",
            settings=settings or tiny_settings(),
            mask_threshold=127,
            out=tmp_path / out,
            cache=tmp_path / "cache",
            progress=progress or Silent(),
        ),
        code_sha="unknown",
        registry=registry or FakeRegistry(tmp_path / "registry"),
        run_name="test",
        resume=resume,
    )


@pytest.fixture
def manifest(tmp_path):
    return write_dataset(tmp_path / "data")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr("wms.training.tracking.FIRST_PAUSE_SECONDS", 0.001)


def test_a_training_leaves_a_bundle_that_finds_windows(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=16, val=4)
    result = run(tmp_path, manifest, settings=tiny_settings(epochs=12))
    predictor = load_bundle(tmp_path / "run" / result.bundle)
    assert predictor.card.weights_sha256 == result.weights_sha256
    assert predictor.card.provenance == result.provenance
    picture = read_picture(tmp_path / "data/images" / manifest.of_split("val")[0].image)
    there = picture.mean(axis=2) > 150
    found = predictor.mask(picture)
    assert 2 * (found & there).sum() / (found.sum() + there.sum()) > 0.6


def test_the_test_split_is_never_opened(tmp_path, manifest):
    for sample in manifest.of_split("test"):
        (tmp_path / "data/images" / sample.image).unlink()
        (tmp_path / "data/masks" / sample.mask).unlink()
    assert run(tmp_path, manifest).tracking_complete


def test_same_seed_same_weights_other_seed_other_weights(tmp_path, manifest):
    first, again = (run(tmp_path, manifest, out=name) for name in ("a", "b"))
    other = run(tmp_path, manifest, out="c", settings=tiny_settings(seed=6))
    assert first.weights_sha256 == again.weights_sha256
    assert other.weights_sha256 != first.weights_sha256


def test_the_best_epoch_is_one_at_full_size(tmp_path, manifest):
    result = run(tmp_path, manifest)
    assert result.epochs[result.best_epoch].image_size_px == 32
    full_size = [e.val_loss for e in result.epochs if e.image_size_px == 32]
    assert result.epochs[result.best_epoch].val_loss == min(full_size)


def test_training_stops_when_the_validation_loss_no_longer_falls(tmp_path, manifest):
    # Without any learning the first epoch at full size stays the best one.
    still = tiny_settings(epochs=20, patience=2, learning_rate=1e-12, ema_decay=0.0)
    result = run(tmp_path, manifest, settings=still)
    assert result.stopped_early
    assert len(result.epochs) < 20


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_images_is_an_error(tmp_path, manifest, split):
    rest = DatasetManifest.of(s for s in manifest.samples if s.split != split)
    with pytest.raises(TooFewSamplesError, match=split):
        run(tmp_path, rest)


def test_a_broken_image_is_an_error_that_names_it(tmp_path, manifest):
    (tmp_path / "data/images/train-003.png").write_bytes(b"broken")
    with pytest.raises(ImageError, match="train-003"):
        run(tmp_path, manifest)


def test_a_loss_that_is_not_finite_is_an_error_and_the_run_is_marked_failed(tmp_path, manifest):
    registry = FakeRegistry(tmp_path / "registry")
    with pytest.raises(TrainingError, match="the loss became"):
        run(tmp_path, manifest, registry=registry, settings=tiny_settings(learning_rate=1e30))
    assert '"failed"' in (tmp_path / "registry/registry.json").read_text()


class TestTracking:
    def test_the_server_gets_every_epoch_and_the_evidence(self, tmp_path, manifest):
        registry = FakeRegistry(tmp_path / "registry")
        result = run(tmp_path, manifest, registry=registry)
        logged = registry._load()["runs"][result.run_id]
        assert sorted({step for _, _, step in logged["metrics"]}) == [0, 1, 2, 3]
        assert logged["status"] == "finished"
        assert logged["params"]["learning_rate"] == "0.01"
        assert logged["tags"]["train_split_sha256"] == manifest.split_digest("train")
        evidence = {file.name for file in (tmp_path / "registry" / result.run_id / "evidence").iterdir()}
        pictures = {"learning-curves.png", "precision-recall.png", "calibration.png", "worst.png", "best.png"}
        assert pictures | {"settings.json", "environment.json"} <= evidence

    def test_a_server_that_is_away_costs_no_training_and_is_said(self, tmp_path, manifest):
        result = run(tmp_path, manifest, registry=Away())
        assert not result.tracking_complete
        assert result.run_id == "untracked-test"
        assert (tmp_path / "run/model/model.onnx").is_file()

    def test_a_server_is_asked_at_most_once_an_epoch_and_a_few_times_at_the_end(self, tmp_path, manifest):
        registry = Away()
        run(tmp_path, manifest, registry=registry)
        assert registry.asked <= 1 + 4 + 3

    def test_what_the_server_missed_is_delivered_later(self, tmp_path, manifest):
        result = run(tmp_path, manifest, registry=Away())
        registry = FakeRegistry(tmp_path / "registry")
        flushed = deliver_rest(result, out=tmp_path / "run", registry=registry)
        assert flushed.tracking_complete
        metrics = registry._load()["runs"][flushed.run_id]["metrics"]
        assert sorted({step for _, _, step in metrics}) == [0, 1, 2, 3]

    def test_a_server_that_hangs_does_not_hold_up_training(self, tmp_path, manifest, monkeypatch):
        release = threading.Event()

        class Hanging(FakeRegistry):
            def start_run(self, name, *, params, tags):
                release.wait(60)
                raise RegistryError("too late")

        monkeypatch.setattr(train_module, "TRACKING_WAIT_SECONDS", 0.01)
        result = run(tmp_path, manifest, registry=Hanging(tmp_path / "registry"))
        release.set()
        assert not result.tracking_complete


def test_a_new_training_removes_what_an_old_one_left(tmp_path, manifest):
    run(tmp_path, manifest)
    (tmp_path / "run/model/model.onnx").write_bytes(b"old")
    result = run(tmp_path, manifest, settings=tiny_settings(epochs=2))
    assert len(result.epochs) == 2
    assert len((tmp_path / "run/history.csv").read_text().splitlines()) == 3
    card = read_record(tmp_path / "run/model/model.json", ModelCard)
    assert card.weights_sha256 == result.weights_sha256


def test_the_bundle_works_from_anywhere(tmp_path, manifest):
    run(tmp_path, manifest)
    shutil.move(tmp_path / "run/model", tmp_path / "elsewhere")
    load_bundle(tmp_path / "elsewhere")
