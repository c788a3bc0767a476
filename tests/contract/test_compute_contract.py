"""What every `Compute` does."""

from __future__ import annotations

from pathlib import Path

import pytest

from wms.adapters.local import LocalCompute
from wms.domain.errors import ComputeError
from wms.ports import Compute


@pytest.fixture(params=["local"])
def compute(tmp_path: Path) -> Compute:
    return LocalCompute(tmp_path / "state")


def test_an_instance_that_was_never_made_is_absent(compute: Compute) -> None:
    assert compute.state() == "absent"


def test_an_instance_runs_once_up_returns_and_is_stopped_once_down_returns(compute: Compute) -> None:
    compute.up()
    assert compute.state() == "running"
    compute.down()
    assert compute.state() == "stopped"


def test_starting_a_running_and_stopping_a_stopped_one_is_no_error(compute: Compute) -> None:
    compute.up()
    compute.up()
    assert compute.state() == "running"
    compute.down()
    compute.down()
    assert compute.state() == "stopped"


def test_another_process_sees_the_same_state(compute: Compute, tmp_path: Path) -> None:
    compute.up()
    assert LocalCompute(tmp_path / "state").state() == "running"


def test_a_damaged_local_state_is_an_error(compute: Compute, tmp_path: Path) -> None:
    compute.up()
    (tmp_path / "state/instance.json").write_text("{")
    with pytest.raises(ComputeError):
        compute.state()
