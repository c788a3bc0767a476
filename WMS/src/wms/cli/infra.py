"""`wms infra …`: the instance and its leases."""

from __future__ import annotations

from datetime import timedelta

import click

from wms.cli import output
from wms.cli.common import Duration, dry_run_option, json_option, workspace

holder_option = click.option("--holder", help="Who holds the lease; default: the user's name.")


@click.command()
@json_option
def preflight(as_json: bool) -> None:
    """Check in seconds that a run can come to its end. A failed line ends it with exit 43.

    \b
    Example:
      wms infra preflight
    """
    from wms.domain.errors import PreflightError
    from wms.steps.preflight import preflight as check

    ctx = workspace()
    report = check(root=ctx.layout.root, ports=ctx.ports)
    if as_json:
        output.say_json(report.model_dump(mode="json"))
    else:
        output.table(
            ("what", "", "result"),
            [(line.what, "ok" if line.ok else "FAILED", line.result) for line in report.lines],
        )
    if not report.ok:
        remedies = "; ".join(line.remedy for line in report.lines if not line.ok)
        raise PreflightError("preflight failed", remedy=remedies)


@click.command()
@click.option("--purpose", default="browse", show_default=True, help="What the instance is wanted for.")
@click.option("--ttl", type=Duration(), default="30m", show_default=True, help="How long, such as 30m or 2h.")
@holder_option
@dry_run_option
@json_option
def up(purpose: str, ttl: timedelta, holder: str | None, dry_run: bool, as_json: bool) -> None:
    """Take a lease and start the instance if it is stopped. Taken again, the lease is extended.

    \b
    Example:
      wms infra up --purpose browse --ttl 30m
    """
    from wms.steps.infra import infra_up

    ctx = workspace()
    who = holder or ctx.actor
    if dry_run:
        until = ctx.clock() + ttl
        output.say(f"would take a lease for {who} until {until:%H:%M} and start the instance")
        output.say_json({"dry_run": True, "holder": who, "purpose": purpose, "expires_at": until.isoformat()})
        return
    lease = infra_up(
        holder=who,
        purpose=purpose,
        ttl=ttl,
        now=ctx.clock(),
        leases=ctx.ports.leases,
        compute=ctx.ports.compute,
    )
    if as_json:
        output.say_json(lease.model_dump(mode="json"))
    else:
        output.say(f"running; {lease.holder} holds it until {lease.expires_at:%Y-%m-%d %H:%M} UTC")


@click.command()
@holder_option
@dry_run_option
@json_option
def down(holder: str | None, dry_run: bool, as_json: bool) -> None:
    """Release a lease; the instance stops when no live lease is left.

    \b
    Example:
      wms infra down
    """
    from wms.steps.infra import infra_down

    ctx = workspace()
    who = holder or ctx.actor
    if dry_run:
        output.say(f"would release the lease of {who}")
        output.say_json({"dry_run": True, "holder": who})
        return
    _show(
        infra_down(holder=who, now=ctx.clock(), leases=ctx.ports.leases, compute=ctx.ports.compute), as_json
    )


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show what the instance does and who holds it.

    \b
    Example:
      wms infra status --json
    """
    from wms.steps.infra import infra_status

    ctx = workspace()
    _show(infra_status(now=ctx.clock(), leases=ctx.ports.leases, compute=ctx.ports.compute), as_json)


@click.command()
@dry_run_option
@json_option
def reap(dry_run: bool, as_json: bool) -> None:
    """Drop expired leases, and stop the instance when no live lease is left.

    \b
    Example:
      wms infra reap --dry-run
    """
    from wms.steps.infra import infra_reap, infra_status

    ctx = workspace()
    act = infra_status if dry_run else infra_reap
    _show(act(now=ctx.clock(), leases=ctx.ports.leases, compute=ctx.ports.compute), as_json)


def _show(status: object, as_json: bool) -> None:
    from wms.steps.infra import InfraStatus

    assert isinstance(status, InfraStatus)  # noqa: S101 - narrows for the type checker
    if as_json:
        output.say_json(status.model_dump(mode="json"))
        return
    output.say(f"instance: {status.instance}")
    if status.leases:
        output.table(
            ("holder", "purpose", "until (UTC)"),
            [(item.holder, item.purpose, f"{item.expires_at:%Y-%m-%d %H:%M}") for item in status.leases],
        )
    else:
        output.say("no live lease")
