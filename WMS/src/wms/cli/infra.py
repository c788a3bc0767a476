"""`wms infra …`: the instance and its leases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import click
from click.core import ParameterSource

from wms.cli import options, output
from wms.cli.common import locked_workspace, workspace
from wms.cli.groups import Group
from wms.cli.infra_stack import apply, bootstrap, destroy, doctor, tunnel
from wms.cloud.cost import chosen_environment, expected_usd, month_cost
from wms.cloud.run_lease import LeaseRequest, request_of_run, take_lease
from wms.cloud.shared_instance import InfraStatus, SharedInstance
from wms.core.settings.infra import OVER_BUDGET_VARIABLE
from wms.run import preflight as checks

infra = Group("infra", help="Start, share and stop the instance.")
holder_option = click.option("--holder", help="Who holds the lease; default: your user name.")
run_option = click.option(
    "--run", "for_run", is_flag=True, help="Act for the run in run/, as `wms pipeline run` does."
)


@infra.command()
@click.option(
    "--expect", type=options.duration, help="How long the run will take; default: as train.yaml says."
)
@click.option(
    "--credentials-expire",
    type=options.moment,
    metavar="TIME",
    help="When the AWS credentials expire; default: WMS_CREDENTIALS_EXPIRE_AT, AWS_CREDENTIAL_EXPIRATION.",
)
@options.json
def preflight(expect: timedelta | None, credentials_expire: datetime | None) -> None:
    """Check in seconds that a run can succeed. A failed line ends it with exit 43.

    With WMS_ENVIRONMENT it checks the AWS account too: credentials and their expiry, whether the instance
    can start (or, before there is one, its type), buckets, Terraform's state, the budget.

    \b
    Examples:
      wms infra preflight
      wms infra preflight --expect 2h --credentials-expire 2026-11-23T12:00:00Z
    """
    report = checks.preflight(workspace(), expected=expect, expire_at=credentials_expire)
    words = {(True, False): "ok", (True, True): "without"}
    rows = [
        (line.what, words.get((line.ok, line.degraded), "FAILED"), line.result, line.remedy)
        for line in report.lines
    ]
    output.answer(report, *output.table(("what", "", "result", "what to do"), rows))
    checks.require_ready(report)


@infra.command()
@click.option("--month", metavar="YYYY-MM", help="Default: this month, in UTC.")
@click.option(
    "--expect",
    "trainings",
    type=click.IntRange(min=0),
    metavar="TRAININGS",
    help="Instead, what a month with so many trainings would cost.",
)
@options.json
def cost(month: str | None, trainings: int | None) -> None:
    """Show what a month cost, and what for. Needs WMS_ENVIRONMENT.

    \b
    Examples:
      wms infra cost
      wms infra cost --month 2026-11 --json
      wms infra cost --expect 20
    """
    if trainings is not None:
        expected = expected_usd(chosen_environment(workspace()).settings, trainings)
        total = sum(expected.values())
        lines = [(what, f"{usd:.2f}") for what, usd in [*expected.items(), ("total", total)]]
        output.answer(
            {"usd": expected, "total_usd": total}, *output.table((f"{trainings} trainings", "USD"), lines)
        )
        return
    ledger = month_cost(workspace(), month)
    rows = [(line.purpose, f"{line.hours:.1f}", f"{line.usd:.2f}") for line in ledger.lines]
    rows += [(what, "", f"{usd:.2f}") for what, usd in ledger.fixed_usd.items()]
    rows.append(("total", f"{ledger.hours:.1f}", f"{ledger.total_usd:.2f}"))
    output.answer(
        {**ledger.model_dump(mode="json"), "total_usd": ledger.total_usd},
        *output.table((ledger.month, "hours", "USD"), rows),
        *(f"over budget on {item.at:%Y-%m-%d} by {item.holder}: {item.reason}" for item in ledger.overrides),
    )


@infra.command()
@click.option("--purpose", default="browse", show_default=True, help="What you need the instance for.")
@click.option(
    "--ttl", type=options.duration, default="30m", show_default=True, help="How long, such as 30m or 2h."
)
@click.option(
    "--over-budget",
    metavar="REASON",
    envvar=OVER_BUDGET_VARIABLE,
    help="Start it over budget; the reason is kept with the leases.",
)
@holder_option
@run_option
@options.dry_run
@options.wait
@options.json
def up(
    purpose: str,
    ttl: timedelta,
    over_budget: str | None,
    holder: str | None,
    for_run: bool,
    dry_run: bool,
) -> None:
    """Take a lease and start the instance if it is stopped. A second time this extends the lease.

    In an environment it also waits until MLflow on the node answers (else exit 57).

    With --run it takes the lease of the run in run/: in the run's name, for an hour, renewed while it
    trains.

    \b
    Examples:
      wms infra up --purpose browse --ttl 30m
      wms infra up --run
    """
    _refuse_with_run(for_run, "purpose", "ttl", "holder")
    with locked_workspace(lock=for_run and not dry_run) as ctx:
        if for_run:
            wanted = replace(request_of_run(ctx), over_budget=over_budget)
        else:
            wanted = LeaseRequest(
                holder=holder or ctx.actor, purpose=purpose, ttl=ttl, over_budget=over_budget
            )
        if dry_run:
            until = ctx.clock() + wanted.ttl
            planned = {"holder": wanted.holder, "purpose": wanted.purpose, "expires_at": until.isoformat()}
            output.answer(
                {"dry_run": True, **planned},
                f"would take a lease for {wanted.holder} until {until:%H:%M} and start the instance",
            )
            return
        lease = take_lease(ctx, wanted)
    output.answer(lease, f"running; {lease.holder} holds it until {output.minute(lease.expires_at)} UTC")


@infra.command()
@holder_option
@run_option
@options.dry_run
@options.wait
@options.json
def down(holder: str | None, for_run: bool, dry_run: bool) -> None:
    """Release a lease; the instance stops when no live lease is left.

    \b
    Examples:
      wms infra down
      wms infra down --run    the lease of the run in run/
    """
    _refuse_with_run(for_run, "holder")
    with locked_workspace(lock=for_run and not dry_run) as ctx:
        who = ctx.request.run_id if for_run else holder or ctx.actor
        if dry_run:
            output.answer({"dry_run": True, "holder": who}, f"would release the lease of {who}")
            return
        left = SharedInstance.of(ctx).release(who, alone=for_run)
    _show(left)


@infra.command()
@options.json
def status() -> None:
    """Show the state of the instance and its leases.

    \b
    Example:
      wms infra status --json
    """
    _show(SharedInstance.of(workspace()).status())


@infra.command()
@options.dry_run
@options.json
def reap(dry_run: bool) -> None:
    """Drop expired leases, and stop the instance when no live lease is left.

    \b
    Example:
      wms infra reap --dry-run
    """
    instance = SharedInstance.of(workspace())
    _show(instance.status() if dry_run else instance.reap())


for command in (tunnel, bootstrap, apply, destroy, doctor):
    infra.add_command(command)


def _refuse_with_run(for_run: bool, *others: str) -> None:
    ctx = click.get_current_context()
    given = [name for name in others if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if for_run and given:
        raise click.UsageError(f"--run sets them: leave out {', '.join(f'--{name}' for name in given)}")


def _show(status: InfraStatus) -> None:
    lines = [f"instance: {status.instance}"]
    if status.remark:
        lines.append(status.remark)
    if status.stopping is not None:
        lines.append(f"{status.stopping.owner} is stopping it, by {status.stopping.expires_at:%H:%M} UTC")
    rows = [(item.holder, item.purpose, output.minute(item.expires_at)) for item in status.leases]
    lines += output.table(("holder", "purpose", "until (UTC)"), rows) if rows else ["no live lease"]
    output.answer(status, *lines)
