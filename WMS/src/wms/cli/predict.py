"""`wms predict`: masks for pictures."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import output
from wms.cli.common import json_option, workspace


@click.command()
@click.argument(
    "images", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="IMAGES..."
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder for <stem>.png, 0 and 255."
)
@click.option(
    "--overlays", type=click.Path(path_type=Path), help="Folder for pictures with the window tinted."
)
@click.option(
    "--model",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A model folder, such as run/model or one from `wms model pull`; default: production.",
)
@click.option("--version", type=click.IntRange(min=1), metavar="N", help="A version that was promoted.")
@json_option
def predict(
    images: tuple[Path, ...],
    out: Path,
    overlays: Path | None,
    model: Path | None,
    version: int | None,
    as_json: bool,
) -> None:
    """Mark the register window in pictures (files or folders), at each picture's upright size.

    Files that are no pictures are passed over and named at the end (exit 14).

    \b
    Examples:
      wms predict photos/ --out masks
      wms predict a.jpg b.jpg --out masks --overlays check --model run/model
    """
    from wms.cli.model import chosen_model
    from wms.core.production import fetch_bundle
    from wms.serving.predict import predict_images

    if model is None:
        ctx = workspace()
        metadata = chosen_model(ctx, version)
        model = fetch_bundle(
            metadata.card_sha256, ctx.ports.data_store, ctx.layout.champions / metadata.weights_sha256[:16]
        )
    predicted = predict_images(
        images, bundle=model, out=out, overlays=overlays, progress=output.ConsoleProgress()
    )
    if as_json:
        output.say_json(predicted.model_dump(mode="json"))
    predicted.require_all()
    output.say(f"{len(predicted.masks)} masks in {out}")
