"""`wms predict`: masks for images."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, workspace
from wms.core.production import stored_bundle
from wms.core.words import counted
from wms.serving.predict import predict_images


@click.command()
@click.argument(
    "images", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="IMAGES..."
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for <stem>.png, 0 and 255."
)
@click.option("--overlays", type=click.Path(path_type=Path), help="Folder for images with the window tinted.")
@click.option(
    "--model",
    type=options.FOLDER,
    help="A model folder, such as run/model or one from `wms model pull`; default: production.",
)
@options.version
@options.json
def predict(
    images: tuple[Path, ...], out: Path, overlays: Path | None, model: Path | None, version: int | None
) -> None:
    """Mark the register window in images (files or folders), at each image's upright size.

    Files that are not images are skipped and named at the end (exit 14).

    \b
    Examples:
      wms predict photos/ --out masks
      wms predict a.jpg b.jpg --out masks --overlays check --model run/model
    """
    if model is None:
        ctx = workspace()
        model = stored_bundle(ctx, chosen_model(ctx, version))
    predicted = predict_images(
        images, bundle=model, out=out, overlays=overlays, progress=output.ConsoleProgress()
    )
    output.answer(predicted)
    predicted.require_all()
    output.say(f"{counted(len(predicted.masks), 'mask')} in {out}")
