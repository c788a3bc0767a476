"""A whole run where the extra `train` is not installed: every command but the training does its work.

The commands run in processes that can import what the base install brings and nothing else, as in the jobs of
the workflow that do not train. Git, DVC and MLflow are real; the model is written down in this process.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline.conftest import make_small_workspace, pushed
from pipeline.small import WrittenTraining
from wms.core.progress import Silent
from wms.run.graph import COMMANDS as COMMANDS_OF_JOBS
from wms.training.candidate import train_candidate
from wms.training.process_group import ProcessGroup
from wms.wiring import open_workspace

COMMANDS = [shlex.split(command)[1:] for command in COMMANDS_OF_JOBS]
IN_TURN = (
    "import json, sys\n"
    "from wms.cli.app import root\n"
    "for words in json.loads(sys.argv[1]): root(words, standalone_mode=False)\n"
)


def base_install() -> set[str]:
    """The distributions that `pip install .` brings, by their normalised names."""
    brought: set[str] = set()
    todo = [("water-meter-segmentation", frozenset[str]())]
    while todo:
        name, extras = todo.pop()
        brought.add(canonicalize_name(name))
        for line in importlib.metadata.requires(name) or ():
            needed = Requirement(line)
            environments = [{"extra": extra} for extra in extras or {""}]
            wanted = needed.marker is None or any(map(needed.marker.evaluate, environments))
            if wanted and canonicalize_name(needed.name) not in brought:
                todo.append((needed.name, frozenset(needed.extras)))
    return brought


@pytest.fixture(scope="module")
def without_extras(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that cannot import what only an extra brings."""
    brought = base_install()
    distributions = importlib.metadata.packages_distributions()
    blocked = sorted(
        module
        for module, sources in distributions.items()
        if brought.isdisjoint(canonicalize_name(source) for source in sources)
    )
    assert {"torch", "torchvision", "onnx", "onnxscript", "safetensors", "pandas", "flask"} <= set(blocked)
    folder = tmp_path_factory.mktemp("blocked")
    (folder / "sitecustomize.py").write_text(f"import sys\nsys.modules.update(dict.fromkeys({blocked!r}))\n")
    return os.environ | {"PYTHONPATH": str(folder)}


def wms(
    folder: Path, environment: dict[str, str], *commands: list[str], script: str = IN_TURN
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", script, json.dumps(commands)]
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_every_job_but_the_training_needs_the_base_install_alone(
    tmp_path: Path, without_extras: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    make_small_workspace(work)
    branch = pushed(open_workspace(work, Silent()), tmp_path / "pairs", seed=1)
    at = COMMANDS.index(["train"])
    before = [
        [*words, branch, "--seed", "100"] if words == ["data", "merge"] else words for words in COMMANDS[:at]
    ]

    began = wms(work, without_extras, *before)
    assert began.returncode == 0, began.stderr

    refused = wms(work, without_extras, ["train"])
    assert refused.returncode == 16
    assert "training needs packages" in refused.stderr
    assert "pip install '.[train]'" in refused.stderr

    monkeypatch.setattr("wms.training.candidate.train", WrittenTraining())
    train_candidate(open_workspace(work, Silent()), ProcessGroup(), resume="never")

    ended = wms(
        work,
        without_extras,
        *COMMANDS[at + 1 :],
        ["predict", str(tmp_path / "pairs/images"), "--out", "masks"],
    )
    assert ended.returncode == 0, ended.stderr
    assert "model v1 is in production" in ended.stdout
    assert len(list((work / "masks").iterdir())) == 24


@pytest.mark.parametrize("command", [["pipeline", "run"], ["demo", "run/demo"]])
def test_what_trains_later_says_so_before_it_begins(
    tmp_path: Path, without_extras: dict[str, str], command: list[str]
) -> None:
    make_small_workspace(tmp_path / "work")
    files = set((tmp_path / "work").rglob("*"))
    refused = wms(tmp_path / "work", without_extras, command)
    assert refused.returncode == 16
    assert "torch" in refused.stderr
    assert set((tmp_path / "work").rglob("*")) == files


def test_the_instance_is_looked_after_without_mlflow_and_dvc(
    tmp_path: Path, without_extras: dict[str, str]
) -> None:
    make_small_workspace(tmp_path / "work")
    script = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['mlflow', 'dvc', 'numpy']))\n"
        f"import wms.wiring.cloud\n{IN_TURN}"
    )
    done = wms(tmp_path / "work", without_extras, ["infra", "reap"], ["infra", "status"], script=script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "instance: absent" in done.stdout
