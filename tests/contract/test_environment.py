"""An environment is chosen by one variable: leases, preflight and cost then speak of the cloud account."""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from clouds import node_report
from contract.conftest import Bucket
from wms.adapters.aws.lease_store import S3LeaseStore
from wms.adapters.aws.node import AwsNode
from wms.adapters.aws.session import Aws
from wms.adapters.local.instance import LocalCompute
from wms.cli.app import root as program
from wms.cloud.shared_instance import SharedInstance
from wms.core.cloud_ports import Switched
from wms.core.progress import Silent
from wms.core.records.lease_book import LeaseBook, Session
from wms.core.settings.infra import LEASE_BOOK_KEY
from wms.wiring import make_workspace, open_workspace
from wms.wiring.cloud import Cloud

ROOT = Path(__file__).parents[2]
DATA = "wms-dev-data-123456789012"


@pytest.fixture
def workspace(tmp_path: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with the shipped environment, in an account of its own on moto."""
    s3 = boto3.client("s3")
    for name in (DATA, "wms-dev-artifacts-123456789012", "wms-dev-state-123456789012"):
        s3.create_bucket(Bucket=name)
        for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
            s3.delete_object(Bucket=name, Key=item["Key"])
    folder = tmp_path / "work"
    make_workspace(folder, {})
    shutil.copytree(ROOT / "infrastructure", folder / "infrastructure")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WMS_ENVIRONMENT", "dev")
    # The switch is Terraform's, and tests/infra flips it.
    monkeypatch.setattr(Cloud, "compute", lambda self: LocalCompute(folder / ".wms"))
    monkeypatch.setattr(AwsNode, "started_at", lambda self: datetime.now(UTC))
    monkeypatch.setattr(AwsNode, "report", lambda self: node_report("ready"))
    return folder


def typed(line: str) -> Result:
    return CliRunner().invoke(program, line.split()[1:])


def answered(line: str) -> Any:
    result = typed(f"{line} --json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def stored() -> LeaseBook:
    body = boto3.client("s3").get_object(Bucket=DATA, Key=LEASE_BOOK_KEY)["Body"].read()
    return LeaseBook.from_json(body, source="the bucket")


def test_a_lease_is_taken_and_given_back_in_the_environments_bucket(workspace: Path) -> None:
    answered("wms infra up --holder ann --purpose browse")
    (lease,) = stored().leases
    assert lease.usable(datetime.now(UTC))
    assert not (workspace / ".wms/leases.json").exists()
    assert answered("wms infra status")["leases"][0]["holder"] == "ann"
    assert answered("wms infra down --holder ann")["instance"] == "stopped"
    assert [item.purpose for item in stored().history] == ["browse"]
    assert len(stored().sessions) == 1


@pytest.mark.parametrize("words", ["wms infra down --holder ann", "wms infra reap"])
def test_a_stop_that_did_not_go_as_planned_is_said_and_told_to_scripts(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.delenv("WMS_ENVIRONMENT")
    stop = LocalCompute.down

    def odd(self: LocalCompute) -> Switched:
        stop(self)
        return Switched(remark="stopped past the switch")

    monkeypatch.setattr(LocalCompute, "down", odd)
    for as_json in (False, True):
        answered("wms infra up --holder ann")
        (workspace / ".wms/leases.json").unlink()
        if as_json:
            assert answered(words)["remark"] == "stopped past the switch"
        else:
            assert "stopped past the switch" in typed(words).output


def test_the_cost_names_what_it_was_for(workspace: Path) -> None:
    answered("wms infra up --holder ann --purpose browse")
    told = answered("wms infra cost")
    assert [line["purpose"] for line in told["lines"]] == ["browse"]
    assert told["total_usd"] == pytest.approx(2.15, abs=0.01)
    assert "browse" in typed("wms infra cost").output


def test_what_is_kept_costs_what_the_settings_say(workspace: Path) -> None:
    before = answered("wms infra cost")["total_usd"]
    settings = workspace / "infrastructure/dev/terraform.tfvars"
    settings.write_text(settings.read_text().replace("= 0.08\n", "= 0.18\n"))
    assert answered("wms infra cost")["total_usd"] == pytest.approx(before + 24 * 0.10)


def test_the_cost_is_that_of_the_type_that_is_there(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    ran = LeaseBook(sessions=(Session(started_at=now - timedelta(days=400), ended_at=now),))
    boto3.client("s3").put_object(Bucket=DATA, Key=LEASE_BOOK_KEY, Body=ran.to_json())

    def usd_per_hour() -> float:
        (line,) = answered("wms infra cost")["lines"]
        return float(line["usd"] / line["hours"])

    assert usd_per_hour() == pytest.approx(0.0832 + 0.005)
    monkeypatch.setattr(AwsNode, "instance_type", lambda self: "m5.large")
    assert usd_per_hour() == pytest.approx(0.096 + 0.005)


def test_an_hour_that_is_over_keeps_the_price_of_its_type(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AwsNode, "instance_type", lambda self: "m5.large")
    answered("wms infra up --holder ann")
    answered("wms infra down --holder ann")
    monkeypatch.setattr(AwsNode, "instance_type", lambda self: "t3.large")
    answered("wms infra up --holder ann")
    assert [item.instance_type for item in stored().sessions] == ["m5.large"]
    assert stored().running_type == "t3.large"


def test_above_the_budget_a_start_is_refused_with_its_own_exit_code(workspace: Path) -> None:
    now = datetime.now(UTC)
    spent = LeaseBook(sessions=(Session(started_at=now - timedelta(days=400), ended_at=now),))
    boto3.client("s3").put_object(Bucket=DATA, Key=LEASE_BOOK_KEY, Body=spent.to_json())
    # Early in a month not enough of it can have run; then a dear hour makes up for that.
    prices = workspace / "infrastructure/dev/terraform.tfvars"
    prices.write_text(prices.read_text().replace("0.0832", "9999"))
    refused = typed("wms infra up --holder ann")
    assert refused.exit_code == 56, refused.output
    assert "--over-budget REASON" in refused.output
    for name in ("over_budget", "WMS_OVER_BUDGET"):
        words = ["infra", "up", "--holder", name]
        given = ["--over-budget", "a demo"] if name == "over_budget" else []
        result = CliRunner().invoke(program, [*words, *given], env={name: "a demo"})
        assert result.exit_code == 0, result.output
    assert [item.reason for item in stored().overrides] == ["a demo", "a demo"]


def test_the_preflight_asks_the_account(workspace: Path) -> None:
    told = typed("wms infra preflight --expect 2h --json")
    found = {line["what"]: line for line in json.loads(told.stdout)["lines"]}
    for what in ("AWS identity", "credentials", "data bucket", "model registry", "budget"):
        assert found[what]["ok"], found[what]
    assert found["start of the instance"]["result"].startswith("no instance yet; t3.large")
    late = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    told = typed(f"wms infra preflight --expect 2h --credentials-expire {late}")
    assert told.exit_code == 43
    assert "the run needs 120" in told.output


def test_without_an_instance_the_environment_keeps_the_data_alone(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WMS_WITHOUT_INSTANCE", "true")
    monkeypatch.setattr(AwsNode, "report", lambda self: pytest.fail("there is no node"))
    answered("wms infra up --holder ann")
    assert (workspace / ".wms/leases.json").exists()
    ctx = open_workspace(workspace, Silent())
    ctx.ports.data_store.probe()
    stored = boto3.client("s3").list_objects_v2(Bucket=DATA)["Contents"]
    assert {item["Key"].split("/")[0] for item in stored} == {"dvc"}
    assert ctx.ports.registry.versions() == ()
    told = json.loads(typed("wms infra preflight --json").stdout)["lines"]
    assert all(line["ok"] for line in told), told


def test_without_the_variable_no_environment_is_read(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WMS_ENVIRONMENT")
    shutil.rmtree(workspace / "infrastructure")
    answered("wms infra up --holder ann")
    assert (workspace / ".wms/leases.json").exists()
    assert typed("wms infra cost").exit_code == 4


def test_an_environment_that_is_not_there_is_a_wrong_setting(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WMS_ENVIRONMENT", "prod")
    refused = typed("wms infra status")
    assert refused.exit_code == 4
    assert "the environment prod has no settings" in refused.output


def test_threads_that_share_an_instance_never_find_it_stopped_and_lose_no_lease(
    bucket: Bucket, tmp_path: Path
) -> None:
    """Real threads against S3 on moto: each takes a lease, looks, and gives it back, again and again."""
    rounds, holders = 4, 6

    def work(number: int) -> int:
        seen = 0
        store = S3LeaseStore(lambda: bucket.name, LEASE_BOOK_KEY, aws=Aws("us-east-1"))
        compute, holder = LocalCompute(tmp_path), f"holder-{number}"
        instance = SharedInstance(
            leases=store,
            compute=compute,
            clock=lambda: datetime.now(UTC),
            sleep=lambda seconds: time.sleep(0.02),
        )
        for _ in range(rounds):
            lease = instance.take(holder, purpose="test", ttl=timedelta(hours=1))
            assert lease.running_since is not None
            seen += compute.state() == "running"
            held = store.load()[0].of(holder)
            assert held is not None
            assert held.expires_at == lease.expires_at
            instance.release(holder)
        return seen

    with ThreadPoolExecutor(holders) as pool:
        assert sum(pool.map(work, range(holders))) == rounds * holders
    store = S3LeaseStore(lambda: bucket.name, LEASE_BOOK_KEY, aws=Aws("us-east-1"))
    book, _ = store.load()
    assert (book.leases, book.stopping) == ((), None)
    assert len(book.history) == rounds * holders
    assert LocalCompute(tmp_path).state() == "stopped"
