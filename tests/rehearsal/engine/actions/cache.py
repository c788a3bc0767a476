"""actions/cache: saved as the job ends, found by key and by prefixes of keys, never overwritten."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from rehearsal.engine.actions.base import Action, ActionCall
from rehearsal.engine.results import Conclusion


def cache(call: ActionCall) -> None:
    """Restore what fits, and save at the end of a job that succeeded if the key itself was not there."""
    restore(call)
    if call.outputs["cache-hit"] != "true":
        call.at_end(lambda: save(call) if call.runner.status is Conclusion.SUCCESS else None)


def restore(call: ActionCall) -> None:
    """Restore what fits."""
    key = call.inputs["key"]
    caches = call.services.caches
    prefixes = [key, *call.lines("restore-keys")]
    hits = (name for prefix in prefixes for name in reversed(caches) if name.startswith(prefix))
    hit = key if key in caches else next(hits, "")
    call.outputs.update(
        {"cache-hit": str(hit == key).lower(), "cache-matched-key": hit, "cache-primary-key": key}
    )
    for path, content in caches.get(hit, {}).items():
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(_place(call, path).parent, filter="data")
    call.say(f"Cache restored from key: {hit}" if hit else f"Cache not found for {key}")


def save(call: ActionCall) -> None:
    """Save the paths under the key, unless there is something under it."""
    if call.inputs["key"] in call.services.caches:
        return
    saved: dict[str, bytes] = {}
    for path in call.lines("path"):
        place = _place(call, path)
        if place.exists():
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                archive.add(place, arcname=place.name)
            saved[path] = buffer.getvalue()
    if saved:
        call.services.caches[call.inputs["key"]] = saved


def _place(call: ActionCall, path: str) -> Path:
    home = call.runner.folders.home
    return home / path.removeprefix("~/") if path.startswith("~/") else call.workspace / path


RESTORING: dict[str, str | None] = {
    "path": None,
    "key": None,
    "restore-keys": "",
    "enableCrossOsArchive": "false",
    "fail-on-cache-miss": "false",
    "lookup-only": "false",
}
CACHE = Action(run=cache, inputs=RESTORING | {"save-always": "false"})
CACHE_RESTORE = Action(run=restore, inputs=RESTORING)
CACHE_SAVE = Action(run=save, inputs={"path": None, "key": None, "enableCrossOsArchive": "false"})
