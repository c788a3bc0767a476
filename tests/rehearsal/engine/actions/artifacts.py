"""actions/upload-artifact and actions/download-artifact, as of their versions 4 and later."""

from __future__ import annotations

import os
from pathlib import Path

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure
from rehearsal.engine.artifacts import Artifact, ArtifactError
from rehearsal.engine.node import Found


def upload(call: ActionCall) -> None:
    """Keep what the globs find; paths in the artifact begin at the folder that all search paths share."""
    patterns = call.lines("path")
    found = call.services.node.find(call.workspace, patterns, hidden=call.flag("include-hidden-files"))
    if not found.files:
        _nothing_found(call)
        return
    top = _top(found)
    name = call.inputs["name"]
    if not call.flag("archive"):
        if len(found.files) > 1:
            raise ActionFailure("When 'archive' is set to false, only a single file can be uploaded.")
        name = found.files[0].name
    try:
        artifact = call.services.artifacts.save(
            name,
            {file.relative_to(top).as_posix(): file for file in found.files},
            overwrite=call.flag("overwrite"),
        )
    except ArtifactError as error:
        raise ActionFailure(str(error)) from error
    call.outputs.update(
        {
            "artifact-id": str(artifact.id),
            "artifact-digest": artifact.digest,
            "artifact-url": f"{call.runner.github['server_url']}/{call.runner.github['repository']}"
            f"/actions/runs/{call.runner.run.id}/artifacts/{artifact.id}",
        }
    )
    call.say(f"Artifact {artifact.name}: {len(found.files)} files uploaded, SHA256 {artifact.digest}")


def _nothing_found(call: ActionCall) -> None:
    message = f"No files were found with the provided path: {call.inputs['path']}. Nothing is uploaded."
    match call.inputs["if-no-files-found"]:
        case "error":
            raise ActionFailure(message)
        case "warn":
            call.say(f"::warning::{message}")
        case "ignore":
            call.say(message)
        case other:
            raise ActionFailure(f"Unrecognized if-no-files-found input: {other}")


def _top(found: Found) -> Path:
    if len(found.roots) > 1:
        return Path(os.path.commonpath(found.roots))
    if found.files == found.roots:
        return found.files[0].parent
    return found.roots[0]


def download(call: ActionCall) -> None:
    """One artifact by its name straight into the path; several each into its own folder, unless merged."""
    target = call.workspace / (call.inputs["path"] or ".")
    store = call.services.artifacts
    name, ids = call.inputs["name"], call.inputs["artifact-ids"]
    try:
        if name and ids:
            raise ActionFailure("Inputs 'name' and 'artifact-ids' cannot be used together.")
        if name:
            wanted: tuple[Artifact, ...] = (store[name],)
        elif ids:
            numbers = {int(number) for number in ids.replace(",", " ").split()}
            wanted = tuple(artifact for artifact in store if artifact.id in numbers)
        else:
            wanted = store.matching(call.inputs["pattern"])
        straight = bool(name) or call.flag("merge-multiple") or (bool(ids) and len(wanted) == 1)
        target.mkdir(parents=True, exist_ok=True)
        for artifact in wanted:
            store.restore(artifact, target if straight else target / artifact.name)
            call.say(f"Artifact {artifact.name} was downloaded, SHA256 {artifact.digest} as expected")
    except ArtifactError as error:
        raise ActionFailure(f"Unable to download artifact(s): {error}") from error
    call.outputs["download-path"] = str(target)


UPLOAD = Action(
    run=upload,
    inputs={
        "name": "artifact",
        "path": None,
        "if-no-files-found": "warn",
        "retention-days": "",
        "compression-level": "6",
        "overwrite": "false",
        "include-hidden-files": "false",
        "archive": "true",
    },
)
DOWNLOAD = Action(
    run=download,
    inputs={
        "name": "",
        "artifact-ids": "",
        "path": "",
        "pattern": "",
        "merge-multiple": "false",
        "digest-mismatch": "error",
        "skip-decompress": "false",
    },
)
