"""Processes started by torchrun, as a user starts them, against one process on the whole batches."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from meters import write_dataset
from wms.core.files import read_record, write_bytes
from wms.core.records.training import WEIGHTS_FILE, TrainResult

TESTS = Path(__file__).parents[2]
TOLERANCE = 1e-5
"""Largest difference of a loss in 12 steps: the same sums, added in another order."""

GENTLE = ["learning_rate=0.001"]
"""Adam makes steps of full size of the smallest gradients: ten times the rate enlarges rounding to 1 %."""

RELATIVE_TOLERANCE = 2e-3
"""Of a tensor of weights after them, by its norm."""


def train_together(folder, out, *, processes, changes=()):
    """Train by `processes` processes; return the leader's result and the weights."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    done = subprocess.run(
        [*command, TESTS / "training_process.py", folder, folder / out, *GENTLE, *changes],
        env={**os.environ, "PYTHONPATH": str(TESTS), "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    result = read_record(folder / out / "train.json", TrainResult)
    return result, load_file(folder / out / result.bundle / WEIGHTS_FILE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("group")
    write_bytes(folder / "manifest.jsonl", write_dataset(folder / "data", train=13, val=5).to_jsonl())
    return folder


@pytest.fixture(scope="module")
def alone(folder):
    return train_together(folder, "alone", processes=1)


@pytest.fixture(scope="module")
def together(folder):
    return train_together(folder, "together", processes=2)


def test_two_processes_with_half_the_batch_follow_one_with_the_whole(alone, together):
    (one, weights_of_one), (two, weights) = alone, together
    assert len(two.epochs) == len(one.epochs) == 4
    for each, other in zip(one.epochs, two.epochs, strict=True):
        assert other.train_loss == pytest.approx(each.train_loss, abs=TOLERANCE)
        assert other.val_loss == pytest.approx(each.val_loss, abs=TOLERANCE)
    for name, tensor in weights_of_one.items():
        assert (weights[name] - tensor).float().norm() <= RELATIVE_TOLERANCE * tensor.float().norm(), name


def test_two_processes_start_from_the_champion_as_one_does(folder, alone):
    # Two epochs: all of them are at full size, and each step adds to the difference of the sums.
    changes = [f"champion={folder / 'alone/model'}", "epochs=2"]
    one, weights_of_one = train_together(folder, "warm-alone", processes=1, changes=changes)
    two, weights = train_together(folder, "warm-together", processes=2, changes=changes)
    assert one.provenance.start == two.provenance.start
    assert one.provenance.start.init == "champion"
    first, cold = one.epochs[0], alone[0].epochs[0]
    assert first.val_loss < cold.val_loss
    for each, other in zip(one.epochs, two.epochs, strict=True):
        assert other.train_loss == pytest.approx(each.train_loss, abs=TOLERANCE)
        assert other.val_loss == pytest.approx(each.val_loss, abs=TOLERANCE)
    for name, tensor in weights_of_one.items():
        assert (weights[name] - tensor).float().norm() <= RELATIVE_TOLERANCE * tensor.float().norm(), name


@pytest.mark.soak
def test_more_processes_can_resume_what_one_started(folder, alone):
    trained, _ = alone
    shutil.copytree(folder / "alone", folder / "gone-on")
    assert (folder / "gone-on/checkpoints").is_dir()
    resumed, _ = train_together(folder, "gone-on", processes=2)
    assert resumed.weights_sha256 == trained.weights_sha256


def test_only_the_leading_process_writes_files(folder, together):
    assert len((folder / "together/history.csv").read_text().splitlines()) == 5
