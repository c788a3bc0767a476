"""What a folder without pairs holds, and the command that takes it."""

from __future__ import annotations

import shlex
import zipfile
from pathlib import Path

from wms.core.errors import Code, InputError
from wms.core.words import counted
from wms.interchange.forms.table import FORMS, recognise
from wms.interchange.source import ARCHIVES, open_source


def needs_import(path: Path) -> bool:
    """Whether `wms data import` takes this folder, ZIP archive or file."""
    if path.is_file():
        return True
    with open_source([path]) as source:
        return bool(recognise(source))


def refuse_other_forms(folder: Path) -> None:
    """Check that a folder without pairs is nothing that another command takes.

    Raises:
        InputError: it is an export, has archives, or photographs that nobody has labelled yet.
    """
    if not folder.is_dir():
        return
    without = f"{folder} has no pairs in images/ and masks/, but"
    command = f"wms data import {shlex.quote(str(folder))}"
    with open_source([folder]) as source:
        for form in recognise(source):
            what, remedy = FORMS[form].title, f"Make pairs of it: `{command} --out DIR`."
            raise InputError(f"{without} {what}", Code.IMPORT, remedy=remedy)
        archives = source.ending(*ARCHIVES)
        if archives:
            first = source.shown(archives[0])
            command = f"wms data import {shlex.quote(str(folder / first))}"
            raise InputError(
                f"{without} {counted(len(archives), 'archive')}, such as {first}",
                Code.IMPORT,
                remedy=f"Make pairs of it: `{command} --out DIR`."
                if zipfile.is_zipfile(archives[0])
                else "Unpack it first.",
            )
        elsewhere = [path for path in source.photographs if source.shown(path).split("/")[0] != "images"]
        if elsewhere and len(elsewhere) == len(source.images):
            command = f"wms data export {shlex.quote(str(folder))} --format cvat --out DIR"
            raise InputError(
                f"{folder} holds {counted(len(elsewhere), 'photograph')} and no masks",
                Code.IMPORT,
                remedy=f"Label them first: `{command}` writes them for a labelling tool, and with "
                "`--predict missing` also the windows that the model finds.",
            )
