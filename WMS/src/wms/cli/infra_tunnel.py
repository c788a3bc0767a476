"""`wms infra tunnel`: MLflow on the instance, reached from here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import output

if TYPE_CHECKING:
    from wms.wiring.cloud import Cloud


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

    It stays open until Ctrl-C; a session that ends by itself is started again. With --detach in a
    workflow of GitHub, the steps that follow find MLflow by MLFLOW_TRACKING_URI and its credentials.

    \b
    Examples:
      WMS_ENVIRONMENT=dev wms infra tunnel
      WMS_ENVIRONMENT=dev wms infra tunnel --detach
    """
    from wms.wiring.cloud import open_cloud

    cloud = open_cloud(Path.cwd())
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
    """What a person types; the password itself is shown to nobody."""
    output.say(f"MLflow is at {variables['MLFLOW_TRACKING_URI']}. For this shell:")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_USERNAME"):
        output.say(f"  export {name}={variables[name]}")
    output.say(
        f'  export MLFLOW_TRACKING_PASSWORD="$(aws ssm get-parameter --region {cloud.settings.region} '
        f'--name {cloud.password_parameter} --with-decryption --query Parameter.Value --output text)"'
    )
