"""`wms data import` and `wms data export`: photographs labelled in other tools, and back to them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from wms.cli import options, output
from wms.core.names import printable
from wms.core.words import counted, first_of
from wms.interchange.forms.table import FORMS
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices, MaskOrientation
from wms.interchange.result import Imported

SOURCE = click.Path(path_type=Path, exists=True)
_NAMED = 5
"""How many ignored files are named."""


@click.command("import")
@click.argument("sources", nargs=-1, required=True, type=SOURCE, metavar="SOURCE...")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for images/ and masks/; new or empty.")
@click.option("--format", "form", type=click.Choice(list(FORMS)), help="Read this form, whatever is found.")
@click.option("--label", metavar="NAME", help="The label of the register window, where there are several.")
@click.option("--inverted", is_flag=True, help="In masks in folders, black is the window.")
@click.option(
    "--mask-orientation",
    type=click.Choice(get_args(MaskOrientation)),
    help="Whether the EXIF orientation of mask files counts, where both fit.",
)
@click.option("--keep-gps", is_flag=True, help="Keep the place in the photographs' metadata.")
@options.dry_run
@options.json
def import_(
    sources: tuple[Path, ...],
    out: Path | None,
    form: str | None,
    label: str | None,
    inverted: bool,
    mask_orientation: MaskOrientation | None,
    keep_gps: bool,
    dry_run: bool,
) -> None:
    """Make pairs of what a labelling tool exported, or of photographs and masks in folders.

    SOURCE is a folder, a ZIP archive as it was downloaded, or a file; several are read as one, such as an
    export and the folder of its photographs. The form is recognised. Each photograph gets one mask; HEIC,
    AVIF, WebP, TIFF, MPO and CMYK become JPEG or PNG. Nothing in the source changes. What could not be
    imported is listed at the end (exit 14); the other pairs are written.

    \b
    Examples:
      wms data import task_12_coco.zip --out pairs
      wms data import project.json ~/photos --out pairs --label window
    """
    if out is None and not dry_run:
        raise click.UsageError("give the folder of the pairs with --out")
    choices = Choices(
        form=form,
        label=label,
        inverted=inverted,
        mask_orientation=mask_orientation,
        keep_gps=keep_gps,
    )
    progress = output.ConsoleProgress()
    imported = import_pairs(sources, None if dry_run else out, choices=choices, progress=progress)
    output.answer({"dry_run": dry_run, **imported.model_dump(mode="json")}, *lines(imported))
    imported.require_all()
    if not dry_run:
        output.say(f"next: wms data push {out}")


def lines(imported: Imported) -> list[str]:
    """The table of an import, for a person."""
    rows = [
        (printable(item.name), item.outcome, item.pair or "", "; ".join(item.notes))
        for item in imported.items
    ]
    told = [f"{imported.title}, label {imported.label}" if imported.label else imported.title]
    told += output.table(("photograph", "outcome", "pair", "what was done or why"), rows)
    if imported.ignored:
        told.append(f"ignored, as systems leave them behind: {first_of(imported.ignored, _NAMED)}")
    where = f" in {imported.out}" if imported.out else ""
    told.append(f"{counted(imported.pairs, 'pair')}{where}, {len(imported.items) - imported.pairs} left out")
    return told
