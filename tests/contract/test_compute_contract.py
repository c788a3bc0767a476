"""What every `Compute` does."""

from __future__ import annotations

from pathlib import Path

import pytest

from clouds import Cloud, aws_compute, cloud_on, lead_terraform
from wms.adapters.local.instance import LocalCompute
from wms.core.cloud_ports import Compute
from wms.core.errors import ComputeError


@pytest.fixture
def cloud(s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    made = cloud_on(s3_endpoint, tmp_path, monkeypatch)
    lead_terraform(made, monkeypatch)
    return made


@pytest.fixture(params=["local", "aws"])
def absent(request: pytest.FixtureRequest, tmp_path: Path) -> Compute:
    if request.param == "local":
        return LocalCompute(tmp_path / "state")
    return aws_compute(request.getfixturevalue("cloud"))


@pytest.fixture
def compute(absent: Compute, request: pytest.FixtureRequest) -> Compute:
    if not isinstance(absent, LocalCompute):
        request.getfixturevalue("cloud").run_instance()
    return absent


def test_an_instance_that_was_never_made_is_absent(absent: Compute) -> None:
    assert absent.state() == "absent"


def test_what_is_not_there_need_not_be_stopped(absent: Compute) -> None:
    absent.down()
    assert absent.state() != "running"


def test_it_runs_once_up_returns_and_is_stopped_once_down_returns_however_often_asked(
    compute: Compute, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    local = isinstance(compute, LocalCompute)
    another_process = (
        LocalCompute(tmp_path / "state") if local else aws_compute(request.getfixturevalue("cloud"))
    )
    for _ in range(2):
        compute.up()
        assert compute.state() == another_process.state() == "running"
    for _ in range(2):
        compute.down()
        assert compute.state() == another_process.state() == "stopped"


def test_a_damaged_local_state_is_an_error(tmp_path: Path) -> None:
    compute = LocalCompute(tmp_path / "state")
    compute.up()
    (tmp_path / "state/instance.json").write_text("{")
    with pytest.raises(ComputeError):
        compute.state()
