"""Ask an AWS account, in seconds, whether a run could end well there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from wms.cloud.ledger import CostLedger
from wms.core.cloud_ports import CloudAccount
from wms.core.errors import CloudError, Code, InputError
from wms.core.records.cloud import CallerIdentity
from wms.core.records.preflight import PreflightLine, ask
from wms.core.settings.infra import InfraSettings
from wms.core.words import counted

MINUTE = timedelta(minutes=1)

EXPIRY_VARIABLES = ("WMS_CREDENTIALS_EXPIRE_AT", "AWS_CREDENTIAL_EXPIRATION")
"""When the credentials end, in ISO form; the first that is set counts."""

SWITCH_KEY = "power/terraform.tfstate"
STATE_KEYS = ("stack/terraform.tfstate", SWITCH_KEY)
"""The states of the two roots in devops/terraform."""

STAYS_A_CANDIDATE = "promotes nothing: the model stays a candidate until `wms model adopt` registers it."

WITHOUT_INSTANCE = PreflightLine(
    what="registry",
    ok=True,
    degraded=True,
    result="no instance (WMS_WITHOUT_INSTANCE)",
    remedy=f"The run continues and {STAYS_A_CANDIDATE}",
)

NO_PERMISSION_HELPS = (
    "A rule of the account forbids it, and no permission changes that. Use another account; or set "
    "WMS_WITHOUT_INSTANCE=true, so that data and weights are in the bucket and nothing is promoted; or unset "
    "WMS_ENVIRONMENT, so that everything is on GitHub's runners."
)


def credentials_expire_at(told: datetime | None, environment: Mapping[str, str]) -> datetime | None:
    """When the credentials end, by the command line or the environment.

    Raises:
        InputError: a variable is set and is not a time with its zone.
    """
    if told is not None:
        return told
    for name in EXPIRY_VARIABLES:
        text = environment.get(name)
        if text:
            with contextlib.suppress(ValueError):
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is not None:
                    return moment
            raise InputError(
                f"{name}={text!r} is not a time with its zone",
                Code.CONFIG,
                remedy="Write it as 2026-11-23T12:00:00Z.",
            )
    return None


def aws_preflight(
    *,
    settings: InfraSettings,
    account: CloudAccount,
    ledger: Callable[[], CostLedger],
    now: datetime,
    expected: timedelta,
    expire_at: datetime | None,
    without_instance: bool = False,
    over_budget: str | None = None,
) -> tuple[PreflightLine, ...]:
    """Ask everything at once; each line says what, the result, and what to do.

    `expected` is the time from here to the run's merge. `expire_at` is when the credentials end, if known.
    `without_instance`: nothing that belongs to an instance is asked. `over_budget` is why the run may start
    above the budget.
    """
    who = ask("AWS identity", lambda: f"{account.identity().arn} in account {account.identity().account}")
    if not who.ok:
        return (who,)
    number = account.identity().account
    questions: list[Callable[[], PreflightLine]] = [
        lambda: _credentials(account.identity(), now, expected, expire_at),
        lambda: _bucket("data bucket", settings.data_bucket(number), account, needed=True),
    ]
    questions += (
        [lambda: WITHOUT_INSTANCE]
        if without_instance
        else [
            lambda: ask("start of the instance", lambda: _start(settings, account)),
            lambda: _bucket("artifacts bucket", settings.artifacts_bucket(number), account, needed=False),
            *(partial(_state, number, key, settings, account) for key in STATE_KEYS),
            lambda: ask("budget", lambda: _budget(settings, ledger(), over_budget)),
        ]
    )
    with ThreadPoolExecutor(len(questions)) as pool:
        return (who, *pool.map(lambda question: question(), questions))


def _credentials(
    identity: CallerIdentity, now: datetime, expected: timedelta, expire_at: datetime | None
) -> PreflightLine:
    what, minutes = "credentials", round(expected / MINUTE)
    if expire_at is None and not identity.temporary:
        return PreflightLine(what=what, ok=True, result="No expiry")
    if expire_at is None:
        return PreflightLine(
            what=what,
            ok=True,
            degraded=True,
            result="Expiry unknown",
            remedy=f"The run needs {counted(minutes, 'minute')}. Say when they end by {EXPIRY_VARIABLES[0]} "
            "or --credentials-expire.",
        )
    left = expire_at - now
    enough = left >= expected
    return PreflightLine(
        what=what,
        ok=enough,
        result=f"{counted(max(round(left / MINUTE), 0), 'minute')} left, the run needs {minutes}",
        remedy="" if enough else "Take new credentials first, or shorten the run by --max-minutes.",
    )


def _start(settings: InfraSettings, account: CloudAccount) -> str:
    """Where an instance exists, only its start is asked for: the run needs no more."""
    answer = account.may_start(settings.node_name)
    if answer is None:
        raise InputError(
            f"no instance yet; {_types(settings, account)}",
            Code.PREFLIGHT,
            remedy="Make it with `wms infra apply`.",
        )
    if answer.verdict != "allowed":
        raise InputError(
            f"{settings.node_name}: {answer.verdict} ({answer.detail})",
            Code.PREFLIGHT,
            remedy=NO_PERMISSION_HELPS
            if answer.verdict == "explicit deny"
            else "Allow these credentials ec2:StartInstances on it.",
        )
    return f"{settings.node_name} may be started"


def _types(settings: InfraSettings, account: CloudAccount) -> str:
    answers = {name: account.may_launch(name, project=settings.name) for name in settings.instance_types}
    allowed = [name for name, answer in answers.items() if answer.verdict == "allowed"]
    first = answers[settings.instance_type]
    if first.verdict == "allowed":
        others = ", ".join(allowed[1:]) or "none"
        return f"{settings.instance_type} is allowed (alternatives: {others})"
    if allowed:
        raise InputError(
            f"{settings.instance_type}: {first.verdict} ({first.detail}); allowed: {', '.join(allowed)}",
            Code.PREFLIGHT,
            remedy=f'Write instance_type = "{allowed[0]}" in terraform.tfvars.',
        )
    if "Free Tier" in first.detail:
        raise InputError(
            f"{settings.instance_type}: {first.detail}",
            Code.PREFLIGHT,
            remedy='Add "m7i-flex.large" to fallback_instance_types, or change the account to the Paid plan.',
        )
    denied = any(answer.verdict == "explicit deny" for answer in answers.values())
    raise InputError(
        "; ".join(f"{name}: {answer.verdict}" for name, answer in answers.items()) + f" ({first.detail})",
        Code.PREFLIGHT,
        remedy=(NO_PERMISSION_HELPS if denied else "Allow these credentials ec2:RunInstances."),
    )


def _bucket(what: str, bucket: str, account: CloudAccount, *, needed: bool) -> PreflightLine:
    try:
        answer = account.may_use_bucket(bucket)
    except CloudError as error:
        return PreflightLine(what=what, ok=False, result=str(error), remedy=error.remedy)
    if answer.verdict == "allowed":
        return PreflightLine(what=what, ok=True, result="can be written and read")
    refused = answer.verdict in ("explicit deny", "no permission")
    degraded = refused and not needed
    if degraded:
        remedy = f"If the node is refused too, the run continues and {STAYS_A_CANDIDATE}"
    elif answer.verdict == "explicit deny":
        remedy = NO_PERMISSION_HELPS
    elif refused:
        remedy = "Allow these credentials s3:PutObject, s3:GetObject and s3:DeleteObject on it."
    else:
        remedy = "Make the environment first; see the runbook."
    return PreflightLine(
        what=what,
        ok=degraded,
        degraded=degraded,
        result=f"{bucket}: {answer.verdict} ({answer.detail})",
        remedy=remedy,
    )


def _state(number: str, key: str, settings: InfraSettings, account: CloudAccount) -> PreflightLine:
    """A locked stack stops the run; without the state of the switch, EC2 stands in for Terraform."""

    def free() -> str:
        holder = account.state_lock(settings.state_bucket(number), key)
        if holder:
            raise InputError(
                f"held by {holder}",
                Code.PREFLIGHT,
                remedy="Wait for that run to end. If it is dead, free the state: `terraform force-unlock`.",
            )
        return "reachable, not locked"

    line = ask(f"Terraform state {key.split('/')[0]}", free)
    if line.ok or key != SWITCH_KEY:
        return line
    remedy = f"No action needed: EC2 itself starts and stops the instance. {line.remedy}"
    return line.model_copy(update={"ok": True, "degraded": True, "remedy": remedy})


def _budget(settings: InfraSettings, ledger: CostLedger, over_budget: str | None) -> str:
    left = settings.monthly_budget_usd - ledger.total_usd
    spent = f"${ledger.total_usd:.2f} of ${settings.monthly_budget_usd:.2f} in {ledger.month}"
    if left <= 0 and over_budget:
        return f"used up ({spent}); the run starts because: {over_budget}"
    if left <= 0:
        raise InputError(
            f"used up: {spent}",
            Code.PREFLIGHT,
            remedy="Raise monthly_budget_usd, or give a reason: `wms infra up --over-budget REASON`.",
        )
    return f"${left:.2f} left: {spent}"
