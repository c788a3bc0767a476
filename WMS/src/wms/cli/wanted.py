"""`wms data wanted`: the photographs that are worth labelling next."""

from __future__ import annotations

from pathlib import Path

import click

from wms.cli import options, output
from wms.core.layout import Layout
from wms.core.settings import load_drift_settings
from wms.core.words import counted
from wms.serving.wanted import wanted_images


@click.command()
@click.option("--folder", type=options.FOLDER, help="Where a service kept them; default: as in drift.yaml.")
@options.json
def wanted(folder: Path | None) -> None:
    """List the photographs that the service's model was least sure of, the most doubtful first.

    The service keeps them only with consent (`wanted` in WMS/configs/drift.yaml). Label them and push the
    pairs: then the next training learns from them.

    \b
    Example:
      wms data wanted
    """
    if folder is None:
        root = Layout.find(Path.cwd()).root
        settings = load_drift_settings(root).wanted
        folder = root / settings.folder
        if not settings.consent:
            output.note("none are kept: WMS/configs/drift.yaml has no consent")
    found = wanted_images(folder)
    rows = [(f"{each.confidence:.3f}", f"{each.bytes / 2**20:.1f} MiB", str(each.file)) for each in found]
    output.answer(
        [each.model_dump(mode="json") for each in found],
        counted(len(found), "photograph"),
        *(output.table(("expected Dice", "size", "file"), rows) if rows else ()),
    )
