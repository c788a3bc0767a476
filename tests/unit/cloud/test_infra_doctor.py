"""Each row says what was found and what to do; one thing that cannot be asked hides no other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clouds import node_report
from unit.cloud.test_aws_preflight import SETTINGS, FakeAccount
from wms.adapters.local.instance import LocalLeaseStore
from wms.cloud.doctor import INSTALL, OLD_IMAGE, diagnose_environment
from wms.core.cloud_ports import Host
from wms.core.context import Environment
from wms.core.errors import ComputeError
from wms.core.records.github_doctor import Row
from wms.core.records.lease_book import LeaseBook, Session
from wms.core.records.node import NodeReport
from wms.core.settings.infra import InfraSettings

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOST = Host(state="stopped", type="t3.large", image_made_at=NOW - timedelta(days=9), open_ports=())
FILLED_IN = SETTINGS.model_copy(
    update={"github_repository": "octocat/meters", "alarm_email": "me@example.org"}
)


@dataclass
class Seen:
    """A fake `Sight` and `Node` on which all is well but what the test changes."""

    programs: dict[str, str] = field(
        default_factory=lambda: {
            "terraform": "1.11.4",
            "aws": "2.31.0",
            "session-manager-plugin": "1.2.707.0",
            "podman": "4.3.1",
        }
    )
    told: dict[str, Any] = field(
        default_factory=lambda: {"instance_id": "i-1", "session_document": "wms-dev-mlflow"}
    )
    stored: bool = True
    instance: Host | None = HOST
    said: NodeReport | None = field(
        default_factory=lambda: node_report("ready").model_copy(update={"booted_at": NOW})
    )
    away: bool = False

    def program(self, name: str) -> str | None:
        return self.programs.get(name)

    def system(self) -> str:
        return "debian"

    def state_bucket(self) -> str:
        if self.away:
            raise ComputeError("S3 is away", remedy="Wait.")
        return "wms-dev-state"

    def outputs(self) -> dict[str, Any]:
        return self.told

    def image(self) -> tuple[str, bool]:
        return "s3://data/image", self.stored

    def host(self) -> Host | None:
        return self.instance

    def started_at(self) -> datetime:
        return NOW

    def instance_type(self) -> str | None:
        return None

    def report(self) -> NodeReport | None:
        return self.said


def rows(
    seen: Seen,
    folder: Path,
    *,
    settings: InfraSettings = FILLED_IN,
    account: FakeAccount | None = None,
    book: LeaseBook | None = None,
) -> dict[str, Row]:
    leases = LocalLeaseStore(folder / "leases.json")
    if book is not None:
        leases.swap(book, expect=None)
    environment = Environment(name="dev", settings=settings, account=account or FakeAccount(), node=seen)
    found = diagnose_environment(environment, seen, leases=leases, now=NOW)
    return {f"{row.area} {row.name}": row for row in found.rows}


def test_where_all_is_well_every_row_says_so(tmp_path: Path) -> None:
    found = rows(Seen(), tmp_path)
    assert {row.result for row in found.values()} == {"ok"}
    assert "node dump" in found


@pytest.mark.parametrize("name", ["terraform", "aws", "session-manager-plugin"])
@pytest.mark.parametrize("version", [None, "0.9.9"])
def test_a_program_that_is_missing_or_too_old_has_the_line_that_installs_it(
    tmp_path: Path, name: str, version: str | None
) -> None:
    seen = Seen()
    del seen.programs[name]
    if version:
        seen.programs[name] = version
    found = rows(seen, tmp_path)[f"machine {name}"]
    assert (found.result, found.remedy) == ("missing", INSTALL[name]["debian"])


def test_every_system_has_a_line_for_every_program() -> None:
    assert {frozenset(lines) for lines in INSTALL.values()} == {
        frozenset({"debian", "fedora", "macos", "windows", "other"})
    }


@pytest.mark.parametrize(
    ("seen", "row", "result", "says"),
    [
        (Seen(told={}), "account stack", "missing", "wms infra apply"),
        (Seen(told={"instance_id": "i-1"}), "account stack", "missing", "session_document"),
        (Seen(stored=False), "account image of MLflow", "missing", "publish.sh mlflow"),
        (Seen(instance=None), "instance state", "missing", "wms infra apply"),
        (Seen(instance=replace(HOST, type="m5.large")), "instance state", "warning", "settings say t3.large"),
        (
            Seen(instance=replace(HOST, image_made_at=NOW - OLD_IMAGE - HOUR)),
            "instance system",
            "warning",
            "--new-host",
        ),
        (Seen(instance=replace(HOST, image_made_at=None)), "instance system", "warning", "--new-host"),
        (
            Seen(instance=replace(HOST, open_ports=("sg-1: tcp 22-22",))),
            "instance open ports",
            "missing",
            "22",
        ),
        (Seen(said=None), "node report", "warning", "wms infra up"),
        (Seen(said=node_report("failed", why="no disk")), "node report", "warning", "no disk"),
        (Seen(said=node_report("ready", MLflow="refused")), "node report", "warning", "MLflow: refused"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    tmp_path: Path, seen: Seen, row: str, result: str, says: str
) -> None:
    found = rows(seen, tmp_path)
    assert found[row].result == result
    assert says in f"{found[row].found} {found[row].remedy}"
    assert {other.result for name, other in found.items() if name != row} == {"ok"}


def test_an_environment_that_nobody_filled_in_is_said(tmp_path: Path) -> None:
    found = rows(Seen(), tmp_path, settings=SETTINGS)
    assert found["settings github_repository"].result == "missing"
    assert found["settings alarm_email"].result == "warning"


def test_a_session_that_left_no_dump_is_a_warning(tmp_path: Path) -> None:
    session = Session(started_at=NOW - 3 * HOUR, ended_at=NOW - HOUR)
    found = rows(Seen(), tmp_path, book=LeaseBook(sessions=(session,)))["node dump"]
    assert (found.result, "wms-backup-on-stop" in found.remedy) == ("warning", True)


def test_without_credentials_only_this_machine_and_the_settings_are_looked_at(tmp_path: Path) -> None:
    found = rows(Seen(), tmp_path, account=FakeAccount(away=True))
    assert found["account credentials"].result == "missing"
    assert not [name for name in found if name.startswith(("instance", "node"))]


def test_one_thing_that_cannot_be_asked_hides_no_other(tmp_path: Path) -> None:
    found = rows(Seen(away=True), tmp_path)
    assert (found["account state bucket"].result, found["account state bucket"].found) == (
        "missing",
        "S3 is away",
    )
    assert found["node report"].result == "ok"
