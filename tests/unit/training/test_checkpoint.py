import pytest
import torch

from factories import sha256
from meters import tiny_settings
from wms.core.errors import CheckpointError, StorageError
from wms.training import checkpoint as checkpoints
from wms.training.checkpoint import Checkpoint, TrainingState
from wms.training.learner import Learner
from wms.training.process_group import ProcessGroup
from wms.training.schedule import Plan, PlannedStage

STATE = TrainingState(
    run_sha256=sha256("run"),
    plan=Plan(
        stages=(PlannedStage(size_px=32, epochs=2),),
        batches_per_epoch=1,
        learning_rate=0.01,
        threads=1,
        bfloat16=False,
    ),
)


def batch(seed):
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.rand(2, 3, 32, 32, generator=generator)
    return pictures, (pictures[:, :1] > 0.7).float()


def learn(learner, seed):
    return learner.step(*batch(seed), rate=0.01, bfloat16=False)


def test_a_learner_goes_on_from_a_checkpoint_to_the_same_bits(tmp_path):
    path = tmp_path / "last.safetensors"
    straight = Learner(tiny_settings(), ProcessGroup())
    learn(straight, 1)
    checkpoints.save(path, Checkpoint(state=STATE, tensors=straight.tensors()))
    learn(straight, 2)
    resumed = Learner(tiny_settings(seed=99), ProcessGroup())
    resumed.restore(checkpoints.load(path))
    learn(resumed, 2)
    expected = straight.tensors()
    assert expected.keys() == resumed.tensors().keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in resumed.tensors().items())


def test_state_and_tensors_come_back_as_they_were(tmp_path):
    path = tmp_path / "last.safetensors"
    checkpoints.save(path, Checkpoint(state=STATE, tensors={"best.x": torch.arange(3.0)}))
    loaded = checkpoints.load(path)
    assert loaded.state == STATE
    assert loaded.part("best")["x"].tolist() == [0.0, 1.0, 2.0]


def test_a_write_that_fails_leaves_the_old_checkpoint_whole(tmp_path, monkeypatch):
    path = tmp_path / "last.safetensors"
    checkpoints.save(path, Checkpoint(state=STATE, tensors={"best.x": torch.ones(2)}))

    def full_disk(tensors, filename, metadata):
        filename.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "save_file", full_disk)
    with pytest.raises(StorageError, match="No space left"):
        checkpoints.save(path, Checkpoint(state=STATE, tensors={"best.x": torch.zeros(2)}))
    assert checkpoints.load(path).part("best")["x"].tolist() == [1.0, 1.0]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_no_checkpoint_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match="no training to resume"):
        checkpoints.load(tmp_path / "last.safetensors")


def test_a_file_that_is_no_checkpoint_is_an_error(tmp_path):
    path = tmp_path / "last.safetensors"
    path.write_bytes(b"something else")
    with pytest.raises(CheckpointError, match="not a training checkpoint"):
        checkpoints.load(path)
