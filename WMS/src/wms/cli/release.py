"""`wms model release`, `pull` and `page`: a model's files, published, fetched and put into a web page."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, locked_workspace, workspace
from wms.core.errors import DataStoreError
from wms.core.production import fetch_bundle, require_room_for_bundle, stored_bundle
from wms.core.records.promotion import ModelMetadata
from wms.core.records.release import release_tag
from wms.model.page import write_page
from wms.promotion.pull import ReleaseFiles, pull_released
from wms.promotion.release import release_production
from wms.wiring.hosting import open_releases, releases_of


@click.command()
@options.dry_run
@options.wait
@options.json
def release(dry_run: bool) -> None:
    """Publish the model in production as a release, if it has none yet, and mark it as in production.

    The release model-vN holds the model's files, its provenance and SHA256SUMS, and the run's report if that
    run is in run/. It is on the commit of main that promoted the model. You can repeat the command safely.

    \b
    Example:
      wms model release --dry-run
    """
    with locked_workspace(lock=not dry_run) as ctx:
        done = release_production(ctx, dry_run=dry_run)
    if done.version is None:
        said = "no model is in production yet: nothing to release"
    elif done.published:
        said = f"would publish {done.tag}" if dry_run else f"published {done.tag}: {done.url}"
    elif done.marked:
        said = f"{'would mark' if dry_run else 'marked'} {done.tag} as in production"
    else:
        said = f"{done.tag} is released and marked as in production"
    output.answer(done, said)


@click.command()
@options.version
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("model"),
    show_default=True,
    help="Folder for the files.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["store", "release"]),
    help="Where to fetch it; default: the data store, and the release if that fails.",
)
@click.option(
    "--repo",
    metavar="OWNER/NAME",
    help="Fetch it from a release of this repository on GitHub; needs no clone.",
)
def pull(version: int | None, out: Path, source: str | None, repo: str | None) -> None:
    """Fetch a model's files (safetensors, ONNX, card), each checked by SHA-256 before it is written to --out.

    In a clone, main has the right digests. With --repo the release itself has them (SHA256SUMS); a private
    repository needs GITHUB_TOKEN or GH_TOKEN.

    \b
    Examples:
      wms model pull --out model
      wms model pull --version 3 --from release
      wms model pull --repo OWNER/NAME --version 3
    """
    if repo is not None and source == "store":
        raise click.UsageError("--repo takes the model from a release, --from store does not")
    require_room_for_bundle(out)
    if repo is not None:
        model = pull_released(open_releases(repo), version, out)
    else:
        model = _pull_here(version, out, source)
    output.say(f"model v{model.version} is in {out}")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the page.")
@options.version
@click.option(
    "--bundle",
    type=options.FOLDER,
    help="A model folder, such as run/model or one from `wms model pull`; default: production.",
)
def page(out: Path, version: int | None, bundle: Path | None) -> None:
    """Write the web page that runs a model in the visitor's browser: static files for any web server.

    The page itself comes with wms; in a clone, `make web` builds it. Browsers run it from HTTPS or localhost.

    \b
    Examples:
      wms model page --out site
      wms model page --out site --bundle run/model
    """
    if bundle is not None and version is not None:
        raise click.UsageError("--bundle names a model, and so does --version: give one of them")
    if bundle is None:
        ctx = workspace()
        model = chosen_model(ctx, version)
        version = model.version
        bundle = stored_bundle(ctx, model)
    write_page(bundle, out, version=version)
    output.say(f"the page is in {out}; to try it: python -m http.server --directory {out}")


def _pull_here(version: int | None, out: Path, source: str | None) -> ModelMetadata:
    """Fetch a model that main of this clone names, from the data store or its release."""
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
