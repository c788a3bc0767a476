"""Each line says what is wrong and what to do; only what a run cannot do without fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wms.adapters.local.instance import LocalLeaseStore
from wms.cloud.cost import prices, require_budget
from wms.cloud.ledger import make_ledger
from wms.cloud.preflight import STATE_KEYS, aws_preflight, credentials_expire_at
from wms.core.errors import CloudError, InputError
from wms.core.records.cloud import Answer, CallerIdentity
from wms.core.records.lease_book import LeaseBook, Session
from wms.core.records.preflight import PreflightLine
from wms.core.settings.infra import load_infra_settings

SETTINGS = load_infra_settings(Path(__file__).parents[3], "dev")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALLOWED = Answer(verdict="allowed")
DENIED = Answer(verdict="explicit deny", detail="in so many words")
MISSING = Answer(verdict="no permission", detail="in so many words")


@dataclass
class FakeAccount:
    """A fake `CloudAccount` that allows everything but what it is told to refuse."""

    temporary: bool = False
    node: Answer | None = ALLOWED
    types: dict[str, Answer] = field(default_factory=dict)
    buckets: dict[str, Answer] = field(default_factory=dict)
    locks: dict[str, str] = field(default_factory=dict)
    away: bool = False

    def identity(self) -> CallerIdentity:
        if self.away:
            raise CloudError("AWS is away")
        return CallerIdentity(account="123456789012", arn="arn:aws:iam::1:user/ann", temporary=self.temporary)

    def may_start(self, name: str) -> Answer | None:
        assert name == "wms-dev-node"
        return self.node

    def may_launch(self, instance_type: str, *, project: str) -> Answer:
        assert project == "wms-dev"
        return self.types.get(instance_type, ALLOWED)

    def may_use_bucket(self, bucket: str) -> Answer:
        return self.buckets.get(bucket.split("-")[2], ALLOWED)

    def state_lock(self, bucket: str, key: str) -> str:
        assert bucket == "wms-dev-state-123456789012"
        return self.locks.get(key, "")


@pytest.fixture
def leases(tmp_path: Path) -> LocalLeaseStore:
    return LocalLeaseStore(tmp_path / "leases.json")


def lines(
    leases: LocalLeaseStore,
    account: FakeAccount,
    *,
    expire_at: datetime | None = None,
    over_budget: str | None = None,
    without_instance: bool = False,
) -> dict[str, PreflightLine]:
    found = aws_preflight(
        settings=SETTINGS,
        account=account,
        ledger=lambda: make_ledger(leases.load()[0], month="2026-11", prices=prices(SETTINGS), now=NOW),
        now=NOW,
        expected=HOUR,
        expire_at=expire_at,
        over_budget=over_budget,
        without_instance=without_instance,
    )
    return {line.what: line for line in found}


def test_an_account_that_allows_everything_is_well(leases: LocalLeaseStore) -> None:
    told = lines(leases, FakeAccount())
    assert all(line.ok and not line.degraded and not line.remedy for line in told.values())
    assert list(told) == [
        "AWS identity",
        "credentials",
        "data bucket",
        "start of the instance",
        "artifacts bucket",
        "Terraform state stack",
        "Terraform state power",
        "budget",
    ]


def test_without_an_identity_nothing_else_is_asked(leases: LocalLeaseStore) -> None:
    (line,) = lines(leases, FakeAccount(away=True)).values()
    assert (line.what, line.ok) == ("AWS identity", False)


@pytest.mark.parametrize(("minutes", "ok"), [(59, False), (60, True)])
def test_credentials_must_outlive_the_run(leases: LocalLeaseStore, minutes: int, ok: bool) -> None:
    told = lines(leases, FakeAccount(temporary=True), expire_at=NOW + timedelta(minutes=minutes))
    line = told["credentials"]
    assert line.ok == ok
    assert line.result == f"{minutes} minutes left, the run needs 60"


def test_temporary_credentials_without_a_known_end_are_said(leases: LocalLeaseStore) -> None:
    line = lines(leases, FakeAccount(temporary=True))["credentials"]
    assert (line.ok, line.degraded) == (True, True)
    assert "WMS_CREDENTIALS_EXPIRE_AT" in line.remedy


def test_when_credentials_end_is_told_by_the_option_then_ours_then_awss_variable() -> None:
    environment = {
        "WMS_CREDENTIALS_EXPIRE_AT": "2026-11-23T09:00:00Z",
        "AWS_CREDENTIAL_EXPIRATION": "2026-11-23T10:00:00Z",
    }
    assert credentials_expire_at(NOW, environment) == NOW
    assert credentials_expire_at(None, environment) == NOW + HOUR
    del environment["WMS_CREDENTIALS_EXPIRE_AT"]
    assert credentials_expire_at(None, environment) == NOW + 2 * HOUR
    assert credentials_expire_at(None, {}) is None


@pytest.mark.parametrize("text", ["soon", "2026-11-23T09:00:00"])
def test_an_end_that_is_no_time_with_its_zone_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match="AWS_CREDENTIAL_EXPIRATION"):
        credentials_expire_at(None, {"AWS_CREDENTIAL_EXPIRATION": text})


def types(answer: Answer) -> dict[str, Answer]:
    return dict.fromkeys(SETTINGS.instance_types, answer)


FREE_PLAN = Answer(
    verdict="unavailable",
    detail="RunInstances: InvalidParameterCombination: The specified instance type is not eligible for Free "
    "Tier. For a list of Free Tier instance types, run 'describe-instance-types' with the filter "
    "'free-tier-eligible=true'.",
)
"""AWS's own words, for an account on the Free plan."""


@pytest.mark.parametrize(
    ("account", "result", "remedy"),
    [
        (FakeAccount(node=None), "no instance yet; t3.large is allowed", "wms infra apply"),
        (
            FakeAccount(node=None, types={"t3.large": DENIED, "m7i-flex.large": MISSING}),
            "t3.large: explicit deny (in so many words); allowed: t3a.large, m5.large",
            'instance_type = "t3a.large"',
        ),
        (
            FakeAccount(node=None, types={**types(FREE_PLAN), "m7i-flex.large": ALLOWED}),
            "t3.large: unavailable (RunInstances: InvalidParameterCombination: The specified instance type",
            'instance_type = "m7i-flex.large"',
        ),
        (FakeAccount(node=None, types=types(FREE_PLAN)), "Free Tier", "m7i-flex.large"),
        (FakeAccount(node=None, types=types(DENIED)), "explicit deny", "no permission changes that"),
        (FakeAccount(node=None, types=types(MISSING)), "no permission", "ec2:RunInstances"),
        (FakeAccount(node=DENIED), "wms-dev-node: explicit deny", "no permission changes that"),
        (FakeAccount(node=MISSING), "wms-dev-node: no permission", "ec2:StartInstances"),
    ],
    ids=[
        "no instance",
        "no instance, another type is allowed",
        "no instance, the Free plan",
        "no instance, the Free plan without its type among the fallbacks",
        "no instance, no type by a rule",
        "no instance, no type for lack of a permission",
        "a start that a rule forbids",
        "a start without a permission",
    ],
)
def test_an_instance_that_cannot_be_started_has_its_own_remedy(
    leases: LocalLeaseStore, account: FakeAccount, result: str, remedy: str
) -> None:
    line = lines(leases, account)["start of the instance"]
    assert not line.ok
    assert result in line.result
    assert remedy in line.remedy


def test_of_an_instance_that_is_there_only_its_start_is_asked(leases: LocalLeaseStore) -> None:
    assert lines(leases, FakeAccount(types=types(MISSING)))["start of the instance"].ok


def test_a_run_continues_without_artifacts_and_not_without_data(leases: LocalLeaseStore) -> None:
    told = lines(leases, FakeAccount(buckets={"artifacts": DENIED, "data": MISSING}))
    assert (told["artifacts bucket"].ok, told["artifacts bucket"].degraded) == (True, True)
    assert (told["data bucket"].ok, told["data bucket"].degraded) == (False, False)
    assert "explicit deny (in so many words)" in told["artifacts bucket"].result


def test_a_bucket_that_is_not_there_is_no_degraded_mode(leases: LocalLeaseStore) -> None:
    gone = Answer(verdict="unavailable", detail="NoSuchBucket")
    assert not lines(leases, FakeAccount(buckets={"artifacts": gone}))["artifacts bucket"].ok


def test_without_an_instance_nothing_of_it_is_asked_and_that_is_said(leases: LocalLeaseStore) -> None:
    account = FakeAccount(node=None, buckets={"artifacts": DENIED})
    told = lines(leases, account, without_instance=True)
    assert list(told) == ["AWS identity", "credentials", "data bucket", "registry"]
    registry = told["registry"]
    assert (registry.ok, registry.degraded, "wms model adopt" in registry.remedy) == (True, True, True)


def test_a_locked_stack_is_waited_for_and_without_the_switch_ec2_stands_in(leases: LocalLeaseStore) -> None:
    told = lines(leases, FakeAccount(locks=dict.fromkeys(STATE_KEYS, "ann@laptop since 08:00, for apply")))
    stack, power = told["Terraform state stack"], told["Terraform state power"]
    assert (stack.ok, stack.result) == (False, "held by ann@laptop since 08:00, for apply")
    assert (power.ok, power.degraded, power.result) == (True, True, stack.result)
    assert power.remedy == f"No action needed: EC2 itself starts and stops the instance. {stack.remedy}"


def overspend(leases: LocalLeaseStore) -> None:
    """As if the instance had run for three weeks."""
    session = Session(started_at=NOW - 530 * HOUR, ended_at=NOW, instance_type="m5.large")
    leases.swap(LeaseBook(sessions=(session,)), expect=None)


def budget(leases: LocalLeaseStore, *, override: str | None = None) -> None:
    require_budget(leases, holder="ann", ttl=HOUR, override=override, settings=SETTINGS, now=NOW)


def test_the_budget_left_is_told_and_none_left_is_a_failure(leases: LocalLeaseStore) -> None:
    assert lines(leases, FakeAccount())["budget"].result == "$47.85 left: $2.15 of $50.00 in 2026-11"
    overspend(leases)
    assert not lines(leases, FakeAccount())["budget"].ok
    told = lines(leases, FakeAccount(), over_budget="a demo")["budget"]
    assert told.ok
    assert told.result.endswith("the run starts because: a demo")


def test_above_the_budget_nothing_is_started_without_a_reason_that_is_kept(leases: LocalLeaseStore) -> None:
    budget(leases)
    overspend(leases)
    with pytest.raises(InputError, match="above the budget"):
        budget(leases)
    budget(leases, override="the last week before the report")
    (kept,) = leases.load()[0].overrides
    assert (kept.holder, kept.reason, kept.at) == ("ann", "the last week before the report", NOW)
    assert kept.spent_usd > 45
