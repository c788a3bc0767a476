import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.registry import FakeRegistry
from meters import SignalAfter, tiny_settings, train_tiny, write_dataset
from wms.core.errors import CheckpointError, TrainingError
from wms.core.progress import Silent


class Said(Silent):
    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


@pytest.fixture
def manifest(tmp_path):
    return write_dataset(tmp_path / "data")


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A training that nothing stopped."""
    folder = tmp_path_factory.mktemp("straight")
    return train_tiny(folder, write_dataset(folder / "data"))


# The second epoch is the last one at the smaller size.
@pytest.mark.parametrize(("epoch", "resume"), [(2, "always"), (2, "if it fits"), (3, "always")])
def test_a_training_stopped_by_ctrl_c_goes_on_to_the_same_bits(tmp_path, manifest, straight, epoch, resume):
    with pytest.raises(TrainingError, match="last finished epoch is stored"):
        train_tiny(tmp_path, manifest, "stopped", progress=SignalAfter(epoch, signal.SIGINT))
    said = Said()
    resumed = train_tiny(tmp_path, manifest, "stopped", resume=resume, progress=said)
    assert any(f"Resuming after epoch {epoch}" in line for line in said.lines)
    assert resumed.weights_sha256 == straight.weights_sha256
    assert [e.train_loss for e in resumed.epochs] == [e.train_loss for e in straight.epochs]
    assert [e.val_loss for e in resumed.epochs] == [e.val_loss for e in straight.epochs]
    runs = FakeRegistry(tmp_path / "registry")._load()["runs"]
    assert list(runs) == [resumed.run_id]
    assert sorted({step for _, _, step in runs[resumed.run_id]["metrics"]}) == [0, 1, 2, 3]
    assert runs[resumed.run_id]["status"] == "finished"


def test_a_training_that_was_killed_goes_on_to_the_same_bits(tmp_path, manifest, straight):
    script = (
        "import signal, sys\n"
        "from pathlib import Path\n"
        "sys.path[:0] = sys.argv[2:]\n"
        "from meters import SignalAfter, train_tiny, write_dataset\n"
        "folder = Path(sys.argv[1])\n"
        "killer = SignalAfter(2, signal.SIGKILL)\n"
        "train_tiny(folder, write_dataset(folder / 'data'), 'killed', progress=killer)\n"
    )
    here = Path(__file__)
    arguments = [sys.executable, "-c", script, tmp_path, here.parents[2], here.parent]
    killed = subprocess.run(arguments, check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = train_tiny(tmp_path, manifest, "killed", resume="always")
    assert resumed.weights_sha256 == straight.weights_sha256
    assert len((tmp_path / "killed/history.csv").read_text().splitlines()) == 1 + len(resumed.epochs)


def test_a_finished_training_resumed_gives_the_same_model_without_training(tmp_path, manifest):
    first = train_tiny(tmp_path, manifest, "out")
    again = train_tiny(tmp_path, manifest, "out", resume="always")
    assert again.weights_sha256 == first.weights_sha256
    assert again.epochs == first.epochs


def test_resuming_where_nothing_was_started_starts(tmp_path, manifest):
    assert len(train_tiny(tmp_path, manifest, "out", resume="always").epochs) == 4


@pytest.mark.parametrize("changed", ["settings", "data"])
def test_a_checkpoint_of_another_training_is_refused(tmp_path, manifest, changed):
    train_tiny(tmp_path, manifest, "out")
    settings = tiny_settings(learning_rate=0.02) if changed == "settings" else tiny_settings()
    if changed == "data":
        manifest = write_dataset(tmp_path / "data", train=13)
    with pytest.raises(CheckpointError, match="other data, settings or code") as refused:
        train_tiny(tmp_path, manifest, "out", resume="always", settings=settings)
    assert "Start again with `wms train`" in refused.value.remedy


def changed(folder):
    """A checkpoint of a training with other settings."""
    train_tiny(folder, write_dataset(folder / "data"), "out", settings=tiny_settings(learning_rate=0.02))


def damaged(folder):
    """A checkpoint that is none."""
    path = folder / "out/checkpoints/last.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half a file")


@pytest.mark.parametrize("leave", [changed, damaged])
def test_where_it_need_not_go_on_a_checkpoint_that_does_not_fit_is_dropped(
    tmp_path, manifest, straight, leave
):
    leave(tmp_path)
    said = Said()
    anew = train_tiny(tmp_path, manifest, "out", resume="if it fits", progress=said)
    assert anew.weights_sha256 == straight.weights_sha256
    assert any("deleted, and the training starts again" in line for line in said.lines)
    assert len((tmp_path / "out/history.csv").read_text().splitlines()) == 1 + len(anew.epochs)
