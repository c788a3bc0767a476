"""Where a training begins: with production's weights, those that ship with wms, or random ones."""

import re
import shutil
import signal
from dataclasses import replace

import pytest
from safetensors.torch import load_file

from fakes.registry import FakeRegistry
from meters import ROOT, SignalAfter, tiny_settings, train_tiny, write_dataset
from wms.cli.demo import PUSHES
from wms.core.errors import RecordError, TrainingError
from wms.core.files import read_record, write_record
from wms.core.progress import Silent
from wms.core.records.training import CARD_FILE, WEIGHTS_FILE, ModelCard, Start
from wms.core.settings import load_train_settings
from wms.training.checkpoint import load
from wms.training.initial import from_champion, or_fresh, pretrained
from wms.training.pretrained import SHIPPED, WEIGHTS, load_pretrained


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("warm")


@pytest.fixture(scope="module")
def manifest(folder):
    return write_dataset(folder / "data")


@pytest.fixture(scope="module")
def champion(folder, manifest):
    """A bundle that was trained for a while."""
    train_tiny(folder, manifest, "champion", settings=tiny_settings(epochs=12))
    return folder / "champion/model"


def test_a_warm_start_begins_with_the_champions_weights(folder, manifest, champion):
    settings = tiny_settings(epochs=2, stages=[{"scale": 1.0, "share": 1.0}])
    cold = train_tiny(folder, manifest, "cold", settings=settings)
    initial = from_champion(champion, version=3, run_id="r1", settings=settings)
    warm = train_tiny(folder, manifest, "warm", settings=settings, initial=initial)
    assert warm.epochs[0].val_loss < cold.epochs[0].val_loss
    assert warm.provenance.start == Start(
        init="champion",
        reason="its network has the same architecture",
        weights_sha256=read_record(champion / CARD_FILE, ModelCard).weights_sha256,
        version=3,
        run_id="r1",
        in_a_row=1,
    )


def test_a_warm_start_has_a_lower_learning_rate(folder, manifest, champion):
    settings = tiny_settings(
        schedule="constant", warm_start={"learning_rate": 0.25, "minutes": 1.0, "in_a_row": 9}
    )
    initial = from_champion(champion, version=1, run_id="r1", settings=settings)
    warm = train_tiny(folder, manifest, "slow", settings=settings, initial=initial)
    assert {epoch.learning_rate for epoch in warm.epochs} == {settings.learning_rate / 4}


def test_a_warm_start_that_was_stopped_resumes_to_the_same_bits(folder, manifest, champion):
    initial = from_champion(champion, version=1, run_id="r1", settings=tiny_settings())
    straight = train_tiny(folder, manifest, "straight", initial=initial)
    with pytest.raises(TrainingError):
        stop = SignalAfter(2, signal.SIGINT)
        train_tiny(folder, manifest, "stopped", initial=initial, progress=stop)
    assert load(folder / "stopped/checkpoints/last.safetensors").state.epochs_done == 2
    resumed = train_tiny(folder, manifest, "stopped", initial=initial, resume="always")
    assert resumed.weights_sha256 == straight.weights_sha256


def test_a_checkpoint_of_another_start_is_not_resumed(folder, manifest, champion):
    train_tiny(folder, manifest, "other")
    initial = from_champion(champion, version=1, run_id="r1", settings=tiny_settings())
    again = train_tiny(folder, manifest, "other", initial=initial, resume="if it fits")
    assert again.provenance.start.init == "champion"


def test_another_architecture_cannot_inherit_the_weights(champion):
    settings = tiny_settings(base_width=16)
    start = from_champion(champion, version=1, run_id="r1", settings=settings).start
    assert start.init == "scratch"
    assert start.reason == (
        "production's network has another architecture, and the shipped network does not have that of "
        "train.yaml either"
    )


def test_weights_that_learned_no_close_ups_are_passed_over(champion, tmp_path):
    bundle = tmp_path / "model"
    shutil.copytree(champion, bundle)
    card = read_record(bundle / CARD_FILE, ModelCard)
    before = card.preprocessing.model_copy(update={"close_up": None})
    write_record(bundle / CARD_FILE, card.model_copy(update={"preprocessing": before}))
    start = from_champion(bundle, version=1, run_id="r1", settings=tiny_settings()).start
    assert start.init != "champion"
    assert start.reason.startswith("production's network learned no close-ups")
    once = from_champion(bundle, version=1, run_id="r1", settings=tiny_settings(close_up=None)).start
    assert once.init == "champion"


def test_warm_starts_in_a_row_are_counted(champion, tmp_path):
    bundle = tmp_path / "model"
    shutil.copytree(champion, bundle)
    for in_a_row in (1, 2):
        start = from_champion(bundle, version=1, run_id="r1", settings=tiny_settings()).start
        assert start.in_a_row == in_a_row
        card = read_record(bundle / CARD_FILE, ModelCard)
        provenance = card.provenance.model_copy(update={"start": start})
        write_record(bundle / CARD_FILE, card.model_copy(update={"provenance": provenance}))


@pytest.mark.parametrize(
    ("in_a_row", "passed_over", "init"),
    [(2, False, "champion"), (3, False, "scratch"), (3, True, "champion")],
    ids=["not-yet", "often-enough", "tried-before"],
)
def test_weights_that_were_inherited_often_enough_are_passed_over_once(
    champion, tmp_path, in_a_row, passed_over, init
):
    settings = tiny_settings(warm_start={"in_a_row": 2})
    known = from_champion(champion, version=1, run_id="r1", settings=settings)
    start = known.start.model_copy(update={"in_a_row": in_a_row})
    registry = FakeRegistry(tmp_path / "registry")
    if passed_over:
        registry.start_run("fresh", params={}, tags={"start.instead_of": start.weights_sha256})
    found = or_fresh(replace(known, start=start), settings, registry=registry, progress=Silent()).start
    assert found.init == init
    if init == "scratch":
        assert found.instead_of == start.weights_sha256
        assert found.reason.startswith("2 trainings in a row began from production's model")


def test_damaged_weights_are_an_error(champion, tmp_path):
    shutil.copytree(champion, tmp_path / "model")
    (tmp_path / "model" / WEIGHTS_FILE).write_bytes(b"damaged")
    with pytest.raises(RecordError):
        from_champion(tmp_path / "model", version=1, run_id="r1", settings=tiny_settings())


def test_the_shipped_network_is_that_of_the_settings_and_small_enough_to_ship():
    settings = load_train_settings(ROOT)
    initial = pretrained(settings.architecture, reason="a test")
    card, weights = load_pretrained()
    assert initial.start.init == "pretrained"
    assert initial.start.weights_sha256 == card.weights_sha256
    assert weights.keys() == initial.weights.keys()
    assert (SHIPPED / WEIGHTS).stat().st_size <= 10 * 2**20


def test_the_shipped_network_was_trained_on_rendered_meters_that_the_demo_does_not_show():
    card, _ = load_pretrained()
    words = card.command.split()
    assert words[:2] == ["wms", "pretrain"]
    of_the_demo = set(re.findall(r"--seed (\d+)", " ".join(PUSHES.values())))
    assert of_the_demo
    assert words[words.index("--seed") + 1] not in of_the_demo
    assert card.provenance.start.init == "scratch"


def test_changed_bytes_of_the_shipped_network_are_noticed(tmp_path):
    shutil.copytree(SHIPPED, tmp_path / "weights")
    (tmp_path / "weights" / WEIGHTS).write_bytes(b"other bytes")
    with pytest.raises(RecordError):
        load_pretrained(tmp_path / "weights")


def test_the_shipped_weights_are_half_precision_on_disk_and_whole_in_use():
    _, weights = load_pretrained()
    stored = load_file(SHIPPED / WEIGHTS)
    assert {str(tensor.dtype) for tensor in stored.values()} == {"torch.float16", "torch.int64"}
    assert {str(tensor.dtype) for tensor in weights.values()} == {"torch.float32", "torch.int64"}
