"""`wms data import` and `wms data export`: photographs labelled in other tools, and back to them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import get_args

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, clone, workspace
from wms.core.layout import Layout
from wms.core.names import printable
from wms.core.production import stored_bundle
from wms.core.records.dataset import SPLITS, Split
from wms.core.settings import load_data_settings
from wms.core.words import counted, first_of
from wms.data.handout import Handed, Predict, hand_out, of_branch, of_folder, of_split
from wms.interchange.forms.table import FORMS, WRITERS
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices, MaskOrientation
from wms.interchange.result import Imported
from wms.model.bundle import load_bundle

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


@click.command()
@click.argument("folder", type=options.FOLDER, required=False)
@click.option("--branch", metavar="NAME", help="The pairs of a data branch, such as one that is blocked.")
@click.option("--split", type=click.Choice(SPLITS), help="The samples of a split of main's dataset.")
@click.option("--format", "form", type=click.Choice(list(WRITERS)), required=True, help="For which tool.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option(
    "--predict",
    type=click.Choice(get_args(Predict)),
    help="Let the model find the windows: of photographs without a mask, or of all.",
)
@click.option("--model", type=options.FOLDER, help="A model folder; default: production. With --predict.")
@options.version
@options.json
def export(
    folder: Path | None,
    branch: str | None,
    split: Split | None,
    form: str,
    out: Path,
    predict: Predict | None,
    model: Path | None,
    version: int | None,
) -> None:
    """Write photographs and their windows for a labelling tool: to correct them, or to label more.

    FOLDER holds pairs, or photographs that have no mask yet. With --predict the labelling starts from what
    the model finds. Windows are masks, so what comes back through `wms data import` is the same to the pixel.

    \b
    Examples:
      wms data export --branch data/front-yard-1a2b3c4d --format cvat --out to-correct
      wms data export ~/photos/new --format labelme --out to-label --predict missing
    """
    if sum(given is not None for given in (folder, branch, split)) != 1:
        raise click.UsageError("say what to export: FOLDER, --branch or --split, one of them")
    predictor = None
    if predict is not None:
        if model is None:
            ctx = workspace()
            model = stored_bundle(ctx, chosen_model(ctx, version))
        predictor = load_bundle(model)
    settings = load_data_settings(Layout.find(Path.cwd()).root)
    chosen: AbstractContextManager[list[Handed]]
    if branch is not None:
        chosen = of_branch(clone().repository, branch)
    elif split is not None:
        chosen = of_split(workspace(), split)
    else:
        chosen = nullcontext(of_folder(folder)) if folder is not None else nullcontext([])
    with chosen as handed:
        written = hand_out(
            handed,
            out,
            form=form,
            predictor=predictor,
            predict=predict,
            threshold=settings.validation.mask_threshold,
            progress=output.ConsoleProgress(),
        )
    output.answer(
        written,
        *(f"left out: {printable(line)}" for line in written.left_out),
        f"{counted(written.photographs, 'photograph')} in {out}: {written.drawn} with a drawn window, "
        f"{written.predicted} with one that the model found",
    )
