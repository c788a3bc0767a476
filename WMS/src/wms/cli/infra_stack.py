"""`wms infra bootstrap|apply|destroy|doctor|tunnel`: the environment of the instance, and MLflow on it."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import options, output
from wms.cli.common import clone, workspace
from wms.cloud.doctor import diagnose_environment
from wms.cloud.host_change import minding_host, require_free
from wms.cloud.settings_file import fill_in
from wms.core.github_name import slug_of
from wms.core.settings.infra import EXAMPLE_REPOSITORY, InfraSettings
from wms.core.words import counted

if TYPE_CHECKING:
    from wms.adapters.aws.terraform_plan import Change
    from wms.wiring.cloud import Cloud


@click.command()
@click.option("--repository", metavar="OWNER/NAME", help="Write this repository into the settings.")
@click.option("--alarm-email", metavar="ADDRESS", help="Write this address for alarms into the settings.")
@options.dry_run
@options.json
def bootstrap(repository: str | None, alarm_email: str | None, dry_run: bool) -> None:
    """Create the bucket of Terraform's state, or add what is missing of its protection.

    First it asks for what the environment's settings (terraform.tfvars) lack: the repository on GitHub, and
    the address that AWS writes to when a part of the budget is spent. It asks only on a terminal.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra bootstrap
      WMS_ENVIRONMENT=dev wms infra bootstrap --repository octocat/meters --alarm-email me@example.org
      WMS_ENVIRONMENT=dev wms infra bootstrap --dry-run
    """
    cloud = _cloud()
    asks = sys.stdin.isatty() and not (dry_run or output.for_a_script())
    given = _asked_for(cloud.settings, repository, alarm_email, asks=asks)
    done = [f"write {key} = {value} into {cloud.settings_file.name}" for key, value in given.items()]
    if given and not dry_run:
        fill_in(cloud.settings_file, given)
    if not (cloud.settings.alarm_email or "alarm_email" in given):
        output.note("alarm_email is not set: nobody is told when a part of the budget is spent")
    done += cloud.bootstrap(dry_run=dry_run)
    lines = [f"would {item}" if dry_run else item for item in done]
    output.answer({"dry_run": dry_run, "done": done}, *(lines or ["nothing to do"]))


def _asked_for(
    settings: InfraSettings, repository: str | None, alarm_email: str | None, *, asks: bool
) -> dict[str, str]:
    """What was given on the command line, or on a terminal for what the settings lack."""
    if asks and repository is None and settings.github_repository == EXAMPLE_REPOSITORY:
        here = slug_of(clone().remote_url) or ""
        repository = click.prompt("Repository on GitHub (OWNER/NAME)", default=here, err=True)
    if asks and alarm_email is None and settings.alarm_email is None:
        question = "Address that AWS writes to at 50, 80 and 100 % of the budget (empty for none)"
        alarm_email = click.prompt(question, default="", show_default=False, err=True)
    for name, value, pattern in (
        ("--repository", repository, r"[\w.-]+/[\w.-]+"),
        ("--alarm-email", alarm_email, r"[^@\s]+@[^@\s]+"),
    ):
        if value and not re.fullmatch(pattern, value):
            raise click.UsageError(f"{name}: {value!r} is not one")
    found = {"github_repository": repository, "alarm_email": alarm_email}
    return {key: value for key, value in found.items() if value}


@click.command()
@click.option("--plan-only", is_flag=True, help="Only show what would change.")
@click.option(
    "--new-host", is_flag=True, help="Make the host anew from the newest image; the data volume stays."
)
@options.json
def apply(plan_only: bool, new_host: bool) -> None:
    """Create the environment, or update it to its settings.

    A plan that would destroy the host, its data volume or a bucket is refused with exit 61. AWS starts an
    instance that is made: you hold it for 30 minutes, for its first boot. An instance that gets another type
    is started for that and stopped again; while somebody holds it, this is refused (exit 41).

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra apply --plan-only
      WMS_ENVIRONMENT=dev wms infra apply
      WMS_ENVIRONMENT=dev wms infra apply --new-host
    """
    ctx = workspace()

    def around(changes: Sequence[Change]) -> contextlib.AbstractContextManager[None]:
        made = any(change.makes_host for change in changes)
        restarted = any(change.restarts for change in changes)
        if restarted or (made and any("delete" in item.actions for item in changes if item.makes_host)):
            require_free(ctx, because="because the change stops the instance")
        return minding_host(ctx, made=made, restarted=restarted)

    changes = _cloud().stack(output.note).apply(plan_only=plan_only, new_host=new_host, around=around)
    found = [{"address": item.address, "actions": list(item.actions)} for item in changes]
    output.answer(
        {"plan_only": plan_only, "changes": found},
        f"{counted(len(changes), 'change')}{' planned' if plan_only else ''}",
        *_about_host(changes, plan_only=plan_only),
    )


def _about_host(changes: Sequence[Change], *, plan_only: bool) -> list[str]:
    """What a change of the stack does to the instance beside changing it."""
    if any(change.restarts for change in changes):
        return [
            "the instance gets another type: AWS starts it for that, and it is stopped again"
            if plan_only
            else "the instance has another type, and is stopped again unless somebody holds it"
        ]
    if any(change.makes_host for change in changes):
        return [
            "AWS starts the new instance; you would hold it for 30 minutes"
            if plan_only
            else "the instance boots for the first time, and waits for its image if that is not stored yet "
            "(devops/containers/publish.sh mlflow); you hold it for 30 minutes: `wms infra up` extends that, "
            "`wms infra down` ends it"
        ]
    return []


@click.command()
@click.option("--yes", metavar="ENVIRONMENT", help="Do not ask; give the full name of the environment.")
@click.option(
    "--empty-buckets",
    is_flag=True,
    help="Delete the buckets with all their content, that of Terraform's state too.",
)
@click.option("--snapshot", is_flag=True, help="Keep a snapshot of the database's disk.")
@click.option("--force", is_flag=True, help="Destroy even with a live lease, or if leases cannot be read.")
@options.dry_run
@options.json
def destroy(yes: str | None, empty_buckets: bool, snapshot: bool, force: bool, dry_run: bool) -> None:
    """Destroy the environment, its database included, and say what is left and what that costs.

    It asks twice. Buckets stay unless you give --empty-buckets; `wms infra apply` uses them again. It is
    refused (exit 61) without a dump of the database that is newer than the last start, unless you give
    --snapshot or --empty-buckets.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra destroy --dry-run
      WMS_ENVIRONMENT=dev wms infra destroy --yes dev --empty-buckets
    """
    cloud = _cloud()
    if not force:
        require_free(workspace(), because="or destroy it anyway with --force")
    stack = cloud.stack(output.note)
    doomed = stack.resources()
    if not dry_run:
        if not (empty_buckets or snapshot):
            stack.require_dump()
        _ask_twice(cloud, yes, len(doomed), empty_buckets)
        stack.destroy(empty_buckets=empty_buckets, snapshot=snapshot)
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


@click.command()
@options.json
def doctor() -> None:
    """Show everything that the environment needs, each thing with its remedy.

    The programs of this machine with what installs them, the settings, the account, the image of MLflow, the
    instance, its system and open ports, the node's report and its dumps. It changes nothing. Exit 43 if
    something is missing that a run needs.

    \b
    Example:
      WMS_ENVIRONMENT=dev wms infra doctor
    """
    cloud, ctx = _cloud(), workspace()
    found = diagnose_environment(cloud.environment, cloud.sight(), leases=ctx.ports.leases, now=ctx.clock())
    output.answer(found, f"the environment {found.environment}", *output.diagnosis(found.rows))
    output.require_all(found.missing)


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
