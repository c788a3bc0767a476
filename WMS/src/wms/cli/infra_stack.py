"""`wms infra bootstrap|apply|destroy`: the environment that the instance is part of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import output
from wms.cli.common import dry_run_option, json_option, workspace

if TYPE_CHECKING:
    from wms.core.records.leftover import Leftover
    from wms.wiring.cloud import Cloud


@click.command()
@dry_run_option
@json_option
def bootstrap(dry_run: bool, as_json: bool) -> None:
    """Make the bucket of Terraform's state, or set what is missing of its protection.

    \b
    Example:
      WMS_ENVIRONMENT=dev wms infra bootstrap --dry-run
    """
    done = _cloud().bootstrap(dry_run=dry_run)
    _say_done(done, dry_run=dry_run, as_json=as_json)


@click.command()
@click.option("--plan-only", is_flag=True, help="Only show what would change.")
@json_option
def apply(plan_only: bool, as_json: bool) -> None:
    """Make the environment, or bring it to what its settings say.

    A plan that would destroy the host, its data volume or a bucket is refused with exit 61. The
    instance is neither started nor stopped.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra apply --plan-only
      WMS_ENVIRONMENT=dev wms infra apply
    """
    changes = _cloud().stack(output.note).apply(plan_only=plan_only)
    if as_json:
        found = [{"address": item.address, "actions": list(item.actions)} for item in changes]
        output.say_json({"plan_only": plan_only, "changes": found})
    else:
        output.say(f"{len(changes)} changes{' planned' if plan_only else ''}")


@click.command()
@click.option("--yes", metavar="ENVIRONMENT", help="Do not ask; the environment's name, written out.")
@click.option("--empty-buckets", is_flag=True, help="Delete the data and artifacts buckets with all in them.")
@click.option("--force", is_flag=True, help="Even under a live lease, or where leases cannot be read.")
@dry_run_option
@json_option
def destroy(yes: str | None, empty_buckets: bool, force: bool, dry_run: bool, as_json: bool) -> None:
    """Take the environment down, its database included, and say what is left and what that costs.

    It asks twice. Buckets stay unless --empty-buckets is given; `wms infra apply` goes on with them.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra destroy --dry-run
      WMS_ENVIRONMENT=dev wms infra destroy --yes dev --empty-buckets
    """
    cloud = _cloud()
    if not force:
        _refuse_while_held()
    stack = cloud.stack(output.note)
    doomed = stack.resources()
    if not dry_run:
        _ask_twice(cloud, yes, len(doomed), empty_buckets)
        stack.destroy(empty_buckets=empty_buckets)
    prices = cloud.settings.price_usd_of_keeping
    left = [(item, item.usd_per_month(prices)) for item in stack.leftovers()]
    if as_json:
        found = [{**item.model_dump(mode="json"), "usd_per_month": usd} for item, usd in left]
        output.say_json({"dry_run": dry_run, "destroyed": list(doomed), "left": found})
        return
    if dry_run:
        name = cloud.environment.name
        output.say(f"would destroy of {name}, except buckets unless --empty-buckets is given:")
        for address in doomed:
            output.say(f"  {address}")
    _show_left(left, "there now" if dry_run else "left")


def _cloud() -> Cloud:
    from wms.wiring.cloud import open_cloud

    return open_cloud(Path.cwd())


def _refuse_while_held() -> None:
    from wms.core.errors import LeaseError

    ctx = workspace()
    book, _ = ctx.ports.leases.load()
    live = book.live(ctx.clock())
    if live:
        holders = ", ".join(f"{lease.holder} ({lease.purpose})" for lease in live)
        raise LeaseError(
            f"the instance is held by {holders}",
            remedy="Wait for them to end (`wms infra status`), or destroy it under them with --force.",
        )


def _ask_twice(cloud: Cloud, yes: str | None, count: int, empty_buckets: bool) -> None:
    name = cloud.environment.name
    if yes is not None:
        if yes != name:
            raise click.UsageError(f"--yes names {yes}, but the environment is {name}")
        return
    what = f"the {count} resources of {name} in account {cloud.account_id}"
    also = ", and everything in its buckets" if empty_buckets else ""
    click.confirm(f"Destroy {what}, the database included{also}?", abort=True, err=True)
    if click.prompt(f"Type the environment's name to destroy it ({name})", err=True) != name:
        raise click.UsageError("that is not its name; nothing was destroyed")


def _say_done(done: Sequence[str], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        output.say_json({"dry_run": dry_run, "done": list(done)})
        return
    for item in done or ["nothing to do"]:
        output.say(f"would {item}" if dry_run and done else item)


def _show_left(left: Sequence[tuple[Leftover, float]], when: str) -> None:
    if not left:
        output.say(f"nothing is {when}")
        return
    output.table(
        ("what", "which", "", "USD a month"),
        [(item.kind, item.id, item.note, f"{usd:.2f}") for item, usd in left],
    )
    output.say(f"{when}: {sum(usd for _, usd in left):.2f} USD a month, instances not counted")
