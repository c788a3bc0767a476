"""Without a cloud and with nothing faked: MLflow on SQLite, DVC, training, pages, the state in a Git ref."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine.node import Node
from rehearsal.real_parts import PAIRS, tiny_project
from rehearsal.stage import Stage, open_stage
from wms.synth.dataset import write_pairs

WMS = Path(sys.executable).with_name("wms")


def as_a_person(stage: Stage, *words: str) -> str:
    """What `wms` says in the person's own checkout of main."""
    stage.check_out("main", "main")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "GITHUB_"))}
    done = subprocess.run([WMS, *words], cwd=stage.clone, env=env, capture_output=True, text=True, check=True)
    return done.stdout


def registered(stage: Stage) -> list[dict[str, Any]]:
    """The registry as the remote keeps it."""
    as_a_person(stage, "state", "load")
    models: list[dict[str, Any]] = json.loads(as_a_person(stage, "model", "list", "--json"))
    return models


def first_push(stage: Stage) -> None:
    """Push pairs into an empty repository, and see the first model in production."""
    stage.write_pairs = write_pairs
    stage.push_pairs("first", seed=1, count=PAIRS)
    stage.play()[0].expect("success", publish="success", report="success")
    assert (stage.production, stage.samples) == (1, PAIRS)
    assert [(model["version"], model["production"]) for model in registered(stage)] == [(1, True)]
    assert "follows from its records" in as_a_person(stage, "gate", "--replay-version", "1")


@pytest.mark.parametrize("pushes", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_pushes_without_a_cloud_and_without_fakes(
    tmp_path: Path, node: Node, real_programs: Path, pushes: int
) -> None:
    with open_stage(tmp_path, node, programs=[real_programs], files=tiny_project()) as stage:
        first_push(stage)
        if pushes == 1:
            return
        stage.push_pairs("second", seed=2, count=PAIRS)
        run = stage.play()[0].expect("success", train="success", report="success")
        promoted = run.jobs["train"].outputs["verdict"] == "promote"
        assert (stage.production, stage.samples) == ((2, 2 * PAIRS) if promoted else (1, PAIRS))
        expected = [(1, not promoted), (2, promoted)]
        assert [(model["version"], model["production"]) for model in registered(stage)] == expected
