"""`wms deploy`: the model where people use it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, locked_workspace
from wms.core.records.deployment import Target, TargetResult
from wms.core.records.release import release_tag
from wms.deploy.node import settle as settle_node
from wms.deploy.targets import NO_TARGET
from wms.deploy.targets import deploy as deploy_model


@click.command()
@options.version
@click.option(
    "--target",
    "targets",
    multiple=True,
    type=click.Choice([*get_args(Target), "none"]),
    help="Instead of the targets in WMS/configs/deploy.yaml; can be given twice.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the page of the target pages.")
@click.option("--settle", is_flag=True, help="Only tell GitHub how the node's last deployment ended.")
@options.dry_run
@options.wait
@options.json
def deploy(
    version: int | None, targets: tuple[str, ...], out: Path | None, settle: bool, dry_run: bool
) -> None:
    """Bring the model in production, or an earlier one, to where people use it.

    First the model must find the window on a photograph of the test split as well as the gate measured. The
    target `pages` is the browser page in --out, which the workflow publishes on GitHub Pages. The target
    `node` is the service on the environment's instance: it tries the model once more, and goes back to the
    one before if that fails (exit 76). A stopped instance takes the model when it runs next.

    \b
    Examples:
      wms deploy --dry-run
      wms deploy --target pages --out page
      wms deploy --version 3 --target node
    """
    if settle and (version or targets or out or dry_run):
        raise click.UsageError("--settle takes no other option")
    with locked_workspace(lock=not dry_run) as ctx:
        if settle:
            _settled(settle_node(ctx))
            return
        chosen = targets or ctx.deploy_settings.targets
        named: list[Target] = [target for target in get_args(Target) if target in chosen]
        model = chosen_model(ctx, version)
        output.step_output("digest", model.onnx_sha256)
        output.step_output("tag", release_tag(model.version))
        done = deploy_model(ctx, model, named, out=out, tell=_tell, dry_run=dry_run)
    output.answer(done, *([] if done.targets else [NO_TARGET]))


def _settled(result: TargetResult | None) -> None:
    output.answer(result, result.said if result else "no deployment waits to be told about")


def _tell(result: TargetResult) -> None:
    output.say(result.said)
    if result.target == "pages":
        output.step_output("page", result.state)
