"""`wms infra …`: the instance and its leases."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import click
from click.core import ParameterSource

from wms.cli import output
from wms.cli.common import (
    Duration,
    Moment,
    dry_run_option,
    json_option,
    locked_workspace,
    wait_option,
    workspace,
)
from wms.cloud.shared_instance import InfraStatus
from wms.core.context import Context
from wms.core.settings.infra import OVER_BUDGET_VARIABLE

holder_option = click.option("--holder", help="Who holds the lease; default: the user's name.")
run_option = click.option(
    "--run", "for_run", is_flag=True, help="Act for the run in run/, as `wms pipeline run` does."
)


@click.command()
@click.option("--expect", type=Duration(), help="How long the run will take; default: as train.yaml says.")
@click.option(
    "--credentials-expire",
    type=Moment(),
    help="When the AWS credentials end; default: WMS_CREDENTIALS_EXPIRE_AT, AWS_CREDENTIAL_EXPIRATION.",
)
@json_option
def preflight(expect: timedelta | None, credentials_expire: datetime | None, as_json: bool) -> None:
    """Check in seconds that a run can come to its end. A failed line ends it with exit 43.

    With WMS_ENVIRONMENT the AWS account is asked too: credentials and their life, the start of
    the instance (or, before there is one, its type), buckets, Terraform's state, the budget.

    \b
    Examples:
      wms infra preflight
      wms infra preflight --expect 2h --credentials-expire 2026-11-23T12:00:00Z
    """
    from wms.run.preflight import require_ready
    from wms.run.readiness import run_preflight

    report = run_preflight(workspace(), expected=expect, expire_at=credentials_expire)
    if as_json:
        output.say_json(report.model_dump(mode="json"))
    else:
        words = {(True, False): "ok", (True, True): "without"}
        output.table(
            ("what", "", "result", "what to do"),
            [
                (line.what, words.get((line.ok, line.degraded), "FAILED"), line.result, line.remedy)
                for line in report.lines
            ],
        )
    require_ready(report)


@click.command()
@click.option("--month", metavar="YYYY-MM", help="Default: this month, in UTC.")
@json_option
def cost(month: str | None, as_json: bool) -> None:
    """Show what a month cost, and what for. Needs WMS_ENVIRONMENT.

    \b
    Examples:
      wms infra cost
      wms infra cost --month 2026-11 --json
    """
    from wms.cloud.cost import month_cost

    ledger = month_cost(workspace(), month)
    if as_json:
        output.say_json({**ledger.model_dump(mode="json"), "total_usd": ledger.total_usd})
        return
    rows = [(line.purpose, f"{line.hours:.1f}", f"{line.usd:.2f}") for line in ledger.lines]
    rows += [(what, "", f"{usd:.2f}") for what, usd in ledger.fixed_usd.items()]
    output.table(
        (ledger.month, "hours", "USD"), [*rows, ("total", f"{ledger.hours:.1f}", f"{ledger.total_usd:.2f}")]
    )
    for item in ledger.overrides:
        output.say(f"above the budget on {item.at:%Y-%m-%d} by {item.holder}: {item.reason}")


@click.command()
@click.option("--purpose", default="browse", show_default=True, help="What the instance is wanted for.")
@click.option("--ttl", type=Duration(), default="30m", show_default=True, help="How long, such as 30m or 2h.")
@click.option(
    "--over-budget",
    metavar="REASON",
    envvar=OVER_BUDGET_VARIABLE,
    help="Start it above the budget; kept in the lease book.",
)
@holder_option
@run_option
@dry_run_option
@wait_option
@json_option
def up(
    purpose: str,
    ttl: timedelta,
    over_budget: str | None,
    holder: str | None,
    for_run: bool,
    dry_run: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Take a lease and start the instance if it is stopped. Taken again, the lease is extended.

    In an environment it also waits until the node says that MLflow answers there (else exit 57).

    With --run it is the lease of the run in run/: by the run's name, for an hour, renewed while it
    trains.

    \b
    Examples:
      wms infra up --purpose browse --ttl 30m
      wms infra up --run
    """
    from wms.cloud.run_lease import LeaseRequest, request_of_run, take_lease

    _refuse_with_run(for_run, "purpose", "ttl", "holder")

    def claim(ctx: Context) -> LeaseRequest:
        if for_run:
            return replace(request_of_run(ctx), over_budget=over_budget)
        return LeaseRequest(holder=holder or ctx.actor, purpose=purpose, ttl=ttl, over_budget=over_budget)

    if dry_run:
        ctx = workspace()
        wanted = claim(ctx)
        until = ctx.clock() + wanted.ttl
        output.say(f"would take a lease for {wanted.holder} until {until:%H:%M} and start the instance")
        output.say_json(
            {
                "dry_run": True,
                "holder": wanted.holder,
                "purpose": wanted.purpose,
                "expires_at": until.isoformat(),
            }
        )
        return
    with _acting(for_run, wait) as ctx:
        lease = take_lease(ctx, claim(ctx))
    if as_json:
        output.say_json(lease.model_dump(mode="json"))
    else:
        output.say(f"running; {lease.holder} holds it until {lease.expires_at:%Y-%m-%d %H:%M} UTC")


@click.command()
@holder_option
@run_option
@dry_run_option
@wait_option
@json_option
def down(holder: str | None, for_run: bool, dry_run: bool, wait: float, as_json: bool) -> None:
    """Release a lease; the instance stops when no live lease is left.

    \b
    Examples:
      wms infra down
      wms infra down --run    the lease of the run in run/
    """
    from wms.cloud.shared_instance import SharedInstance

    _refuse_with_run(for_run, "holder")

    def who(ctx: Context) -> str:
        return ctx.request.run_id if for_run else holder or ctx.actor

    if dry_run:
        holding = who(workspace())
        output.say(f"would release the lease of {holding}")
        output.say_json({"dry_run": True, "holder": holding})
        return
    with _acting(for_run, wait) as ctx:
        left = SharedInstance.of(ctx).release(who(ctx), alone=for_run)
    _show(left, as_json)


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show what the instance does and who holds it.

    \b
    Example:
      wms infra status --json
    """
    from wms.cloud.shared_instance import SharedInstance

    _show(SharedInstance.of(workspace()).status(), as_json)


@click.command()
@dry_run_option
@json_option
def reap(dry_run: bool, as_json: bool) -> None:
    """Drop expired leases, and stop the instance when no live lease is left.

    \b
    Example:
      wms infra reap --dry-run
    """
    from wms.cloud.shared_instance import SharedInstance

    instance = SharedInstance.of(workspace())
    _show(instance.status() if dry_run else instance.reap(), as_json)


def _acting(for_run: bool, wait_seconds: float) -> AbstractContextManager[Context]:
    """The workspace: locked where a run's lease is at stake, free for whoever merely uses the instance."""
    return locked_workspace(wait_seconds) if for_run else nullcontext(workspace())


def _refuse_with_run(for_run: bool, *others: str) -> None:
    ctx = click.get_current_context()
    given = [name for name in others if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if for_run and given:
        raise click.UsageError(f"--run says it all: leave out {', '.join(f'--{name}' for name in given)}")


def _show(status: InfraStatus, as_json: bool) -> None:
    if as_json:
        output.say_json(status.model_dump(mode="json"))
        return
    output.say(f"instance: {status.instance}")
    if status.remark:
        output.say(status.remark)
    if status.stopping is not None:
        output.say(f"{status.stopping.owner} is stopping it, by {status.stopping.expires_at:%H:%M} UTC")
    if status.leases:
        output.table(
            ("holder", "purpose", "until (UTC)"),
            [(item.holder, item.purpose, f"{item.expires_at:%Y-%m-%d %H:%M}") for item in status.leases],
        )
    else:
        output.say("no live lease")
