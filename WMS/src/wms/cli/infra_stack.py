"""`wms infra bootstrap|apply|destroy|tunnel`: the environment of the instance, and MLflow on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import options, output
from wms.cli.common import workspace
from wms.core.errors import LeaseError
from wms.core.words import counted

if TYPE_CHECKING:
    from wms.wiring.cloud import Cloud


@click.command()
@options.dry_run
@options.json
def bootstrap(dry_run: bool) -> None:
    """Create the bucket of Terraform's state, or add what is missing of its protection.

    \b
    Example:
      WMS_ENVIRONMENT=dev wms infra bootstrap --dry-run
    """
    done = _cloud().bootstrap(dry_run=dry_run)
    lines = [f"would {item}" if dry_run else item for item in done]
    output.answer({"dry_run": dry_run, "done": done}, *(lines or ["nothing to do"]))


@click.command()
@click.option("--plan-only", is_flag=True, help="Only show what would change.")
@options.json
def apply(plan_only: bool) -> None:
    """Create the environment, or update it to its settings.

    A plan that would destroy the host, its data volume or a bucket is refused with exit 61. The
    instance is neither started nor stopped.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra apply --plan-only
      WMS_ENVIRONMENT=dev wms infra apply
    """
    changes = _cloud().stack(output.note).apply(plan_only=plan_only)
    found = [{"address": item.address, "actions": list(item.actions)} for item in changes]
    output.answer(
        {"plan_only": plan_only, "changes": found},
        f"{counted(len(changes), 'change')}{' planned' if plan_only else ''}",
    )


@click.command()
@click.option("--yes", metavar="ENVIRONMENT", help="Do not ask; give the full name of the environment.")
@click.option(
    "--empty-buckets", is_flag=True, help="Delete the data and artifacts buckets with all their content."
)
@click.option("--force", is_flag=True, help="Destroy even with a live lease, or if leases cannot be read.")
@options.dry_run
@options.json
def destroy(yes: str | None, empty_buckets: bool, force: bool, dry_run: bool) -> None:
    """Destroy the environment, its database included, and say what is left and what that costs.

    It asks twice. Buckets stay unless you give --empty-buckets; `wms infra apply` uses them again.

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
    found = [{**item.model_dump(mode="json"), "usd_per_month": usd} for item, usd in left]
    when = "there now" if dry_run else "left"
    rows = [(item.kind, item.id, item.note, f"{usd:.2f}") for item, usd in left]
    table = output.table(("what", "which", "", "USD a month"), rows)
    total = f"{when}: {sum(usd for _, usd in left):.2f} USD a month, without instances"
    would = f"would destroy in {cloud.environment.name}, and the buckets only with --empty-buckets:"
    output.answer(
        {"dry_run": dry_run, "destroyed": list(doomed), "left": found},
        *([would, *(f"  {address}" for address in doomed)] if dry_run else []),
        *([*table, total] if rows else [f"nothing is {when}"]),
    )


def _cloud() -> Cloud:
    from wms.wiring.cloud import open_cloud  # its libraries take a second to import

    return open_cloud(Path.cwd())


def _refuse_while_held() -> None:
    ctx = workspace()
    book, _ = ctx.ports.leases.load()
    live = book.live(ctx.clock())
    if live:
        holders = ", ".join(f"{lease.holder} ({lease.purpose})" for lease in live)
        raise LeaseError(
            f"the instance is held by {holders}",
            remedy="Wait until they end (`wms infra status`), or destroy it anyway with --force.",
        )


def _ask_twice(cloud: Cloud, yes: str | None, count: int, empty_buckets: bool) -> None:
    name = cloud.environment.name
    if yes is not None:
        if yes != name:
            raise click.UsageError(f"--yes names {yes}, but the environment is {name}")
        return
    what = f"{counted(count, 'resource')} of {name} in account {cloud.account_id}"
    also = ", and everything in its buckets" if empty_buckets else ""
    click.confirm(f"Destroy {what}, the database included{also}?", abort=True, err=True)
    if click.prompt(f"Type the environment's name to destroy it ({name})", err=True) != name:
        raise click.UsageError("that is not its name; nothing was destroyed")


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=5000,
    show_default=True,
    envvar="WMS_TUNNEL_PORT",
    help="The port on this machine.",
)
@click.option("--detach", is_flag=True, help="Return once MLflow answers, and leave the tunnel open.")
@click.option(
    "--wait",
    type=click.FloatRange(min=1),
    default=300.0,
    show_default=True,
    envvar="WMS_TUNNEL_WAIT_SECONDS",
    metavar="SECONDS",
    help="With --detach: how long MLflow may take to answer.",
)
def tunnel(port: int, detach: bool, wait: float) -> None:
    """Forward a port of this machine to MLflow on the instance, through an SSM session.

    It stays open until Ctrl-C; a session that ends by itself is started again. With --detach in a workflow
    on GitHub, the next steps find MLflow by MLFLOW_TRACKING_URI and its credentials.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra tunnel
      WMS_ENVIRONMENT=dev wms infra tunnel --detach
    """
    cloud = _cloud()
    way = cloud.tunnel(port)
    if not detach:
        _say_how(way.client_environment(), cloud)
        way.keep_open(output.note)
        return
    keeper = ("infra", "tunnel", "--port", str(port))
    pid = way.detach(keeper, log=cloud.log_file("tunnel"), wait_seconds=wait)
    variables = way.client_environment()
    output.mask(way.password)
    if not output.step_environment(variables):
        _say_how(variables, cloud)
    output.say(f"MLflow answers at {way.address}; end the tunnel with `kill {pid}`")


def _say_how(variables: Mapping[str, str], cloud: Cloud) -> None:
    """The commands for a person's shell; the password itself is not printed."""
    output.say(f"MLflow is at {variables['MLFLOW_TRACKING_URI']}. For this shell:")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME"):
        output.say(f"  export {name}={variables[name]}")
    output.say(
        f'  export MLFLOW_TRACKING_PASSWORD="$(aws ssm get-parameter --region {cloud.settings.region} '
        f'--name {cloud.password_parameter} --with-decryption --query Parameter.Value --output text)"'
    )
