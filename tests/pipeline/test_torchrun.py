"""A training that torchrun starts in a workspace: two processes, one model, and the run goes on."""

from __future__ import annotations

import json

import pytest

from pipeline.shell import TINY, Shell


@pytest.mark.soak
def test_two_processes_train_one_model_that_the_run_goes_on_with(shell: Shell) -> None:
    words = [word for value in (*TINY, "max_minutes=100", "threads=1") for word in ("--set", value)]
    shell("wms", "init", "work", *words)
    shell = shell.at(shell.folder / "work")
    shell("wms", "data", "synth", "--out", "pairs", "--count", "40", "--seed", "3")
    shell("wms", "data", "merge", "--incoming", "pairs")
    shell("wms", "data", "validate")
    shell("wms", "data", "split")
    said = shell("torchrun", "--nproc-per-node", "2", "-m", "wms", "train")
    assert said.count("validation Dice") == 1
    record = json.loads((shell.folder / "run/train.json").read_text())
    assert len(record["epochs"]) == 2
    (model,) = json.loads(shell("wms", "model", "list", "--json"))
    assert model["weights_sha256"] == record["weights_sha256"]
    assert json.loads(shell("wms", "evaluate", "--json"))["pictures"] > 0
