"""The demo's story, told by the commands that it prints, ends as the README says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from services import serving
from unit.serving.conftest import photograph
from wms.core.files import read_record
from wms.report.page import RunEntry
from wms.serving.answer import Answer


@pytest.mark.soak
def test_the_demo_promotes_twice_blocks_and_holds(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "wms", "demo", tmp_path / "demo"],
        env=os.environ | {"WMS_ENVIRONMENT": "none-of-the-demo's"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    runs = [read_record(path, RunEntry) for path in (tmp_path / "demo/workspace/.wms/reports").glob("*.json")]
    verdicts = [run.headline for run in sorted(runs, key=lambda run: run.started_at)]
    assert verdicts == ["Version 1 was promoted", "Version 2 was promoted", "Blocked", "Held"]
    assert "Starting from the network that ships with wms" in told.stderr + told.stdout
    assert "Starting from production's model v1" in told.stderr + told.stdout
    assert "the new masks look wrong" in told.stdout
    assert "demo/workspace && wms serve" in told.stdout
    digests = set()
    for words in ((), ("--model", "registry"), ("--model", "release")):
        with serving(*words, cwd=tmp_path / "demo/workspace") as server:
            found = Answer.model_validate_json(server.predict(photograph()).content)
            digests.add((found.model.version, found.model.digest))
            assert server.memory_mib() < 400
    assert len(digests) == 1
