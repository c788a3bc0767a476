"""actions/upload-artifact and actions/download-artifact, as of their versions 4 and later."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure
from rehearsal.engine.artifacts import ArtifactError
from rehearsal.engine.node import Found


def upload(call: ActionCall) -> None:
    """Keep what the globs find; paths in the artifact begin at the folder that all search paths share."""
    found = call.services.node.find(call.workspace, call.lines("path"))
    if not found.files:
        if call.inputs["if-no-files-found"] == "error":
            raise ActionFailure(f"No files were found with the provided path: {call.inputs['path']}.")
        return
    top = _top(found)
    name = call.inputs["name"]
    if not call.flag("archive"):
        if len(found.files) > 1:
            raise ActionFailure("When 'archive' is set to false, only a single file can be uploaded.")
        name = found.files[0].name
    files = {file.relative_to(top).as_posix(): file for file in found.files}
    try:
        call.services.artifacts.save(name, files, overwrite=call.flag("overwrite"))
    except ArtifactError as error:
        raise ActionFailure(str(error)) from error
    call.log.write(f"Artifact {name}: {len(files)} files uploaded")


def _top(found: Found) -> Path:
    if len(found.roots) > 1:
        return Path(os.path.commonpath(found.roots))
    if found.files == found.roots:
        return found.files[0].parent
    return found.roots[0]


def download(call: ActionCall) -> None:
    """The artifacts whose names match, each into its own folder; one alone goes into `path` itself.

    `isSingleArtifactDownload || inputs.mergeMultiple || artifacts.length === 1 ? resolvedPath : ...` in its
    `src/download-artifact.ts`, v8.0.1.
    """
    target = call.workspace / call.inputs["path"]
    target.mkdir(parents=True, exist_ok=True)
    matching = call.services.artifacts.matching(call.inputs["pattern"])
    for artifact in matching:
        to = target if len(matching) == 1 else target / artifact.name
        shutil.copytree(artifact.folder, to, copy_function=shutil.copyfile, dirs_exist_ok=True)
        call.log.write(f"Artifact {artifact.name} was downloaded")


UPLOAD = Action(
    run=upload,
    inputs={
        "name": "artifact", "path": None, "if-no-files-found": None, "retention-days": None,
        "overwrite": "false", "archive": "true",
    },
)  # fmt: skip
DOWNLOAD = Action(run=download, inputs={"path": None, "pattern": None})
