"""`wms model release` and `wms model pull`: a model's files, published and taken."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import output
from wms.cli.common import dry_run_option, json_option, locked_workspace, wait_option, workspace
from wms.cli.model import chosen_model, version_option
from wms.core.errors import DataStoreError
from wms.core.records.promotion import ModelMetadata


@click.command()
@dry_run_option
@wait_option
@json_option
def release(dry_run: bool, wait: float, as_json: bool) -> None:
    """Publish the model in production as a release, if it is not released yet, and mark it as in production.

    The release model-vN holds the model's files, its provenance and SHA256SUMS, and the run's report
    where that run is in run/. It is on the commit of main that promoted the model. The command may be
    repeated safely.

    \b
    Example:
      wms model release --dry-run
    """
    from wms.promotion.release import release_production

    if dry_run:
        done = release_production(workspace(), dry_run=True)
    else:
        with locked_workspace(wait) as ctx:
            done = release_production(ctx)
    if as_json:
        output.say_json(done.model_dump(mode="json"))
    elif done.version is None:
        output.say("no model is in production yet: nothing to release")
    elif done.published:
        output.say(f"would publish {done.tag}" if dry_run else f"published {done.tag}: {done.url}")
    elif done.marked:
        output.say(f"{'would mark' if dry_run else 'marked'} {done.tag} as in production")
    else:
        output.say(f"{done.tag} is released and marked as in production")


@click.command()
@version_option
@click.option("--out", type=click.Path(path_type=Path), default=Path("model"), show_default=True)
@click.option(
    "--from",
    "source",
    type=click.Choice(["store", "release"]),
    help="Where to take it from; default: the data store, and where that fails the release.",
)
@click.option(
    "--repo",
    metavar="OWNER/NAME",
    help="Take it from a release of this repository on GitHub; no clone is needed.",
)
def pull(version: int | None, out: Path, source: str | None, repo: str | None) -> None:
    """Fetch a model's files (safetensors, ONNX, card), each checked by SHA-256 before it is put in place.

    In a clone main says which digests are right. With --repo it is the release itself (SHA256SUMS); a
    private repository needs GITHUB_TOKEN or GH_TOKEN.

    \b
    Examples:
      wms model pull --out model
      wms model pull --version 3 --from release
      wms model pull --repo OWNER/NAME --version 3
    """
    from wms.core.production import require_room_for_bundle

    if repo is not None and source == "store":
        raise click.UsageError("--repo takes the model from a release, --from store does not")
    require_room_for_bundle(out)
    if repo is not None:
        from wms.promotion.pull import pull_released
        from wms.wiring.hosting import open_releases

        model = pull_released(open_releases(repo), version, out)
    else:
        model = _pull_here(version, out, source)
    output.say(f"model v{model.version} is in {out}")


def _pull_here(version: int | None, out: Path, source: str | None) -> ModelMetadata:
    """Fetch a model that main of this clone names, from the data store or its release."""
    from wms.core.production import fetch_bundle
    from wms.core.records.release import release_tag
    from wms.promotion.pull import ReleaseFiles
    from wms.wiring.hosting import releases_of

    ctx = workspace()
    model = chosen_model(ctx, version)
    if source != "release":
        try:
            fetch_bundle(model.card_sha256, ctx.ports.data_store, out)
        except DataStoreError as error:
            if source == "store":
                raise
            output.note(f"{error}; taking it from its release")
        else:
            return model
    files = ReleaseFiles(releases_of(ctx.layout), release_tag(model.version))
    fetch_bundle(model.card_sha256, files, out)
    return model
