"""actions/cache: saved as the job ends, found by key and by prefixes of keys, never overwritten."""

from __future__ import annotations

import io
import tarfile

from rehearsal.engine.actions.base import Action, ActionCall
from rehearsal.engine.results import Conclusion


def cache(call: ActionCall) -> None:
    """Restore what fits, and save at the end of a job that succeeded if the key itself was not there."""
    key, caches = call.inputs["key"], call.services.caches
    place = call.workspace / call.inputs["path"]
    prefixes = [key, *call.lines("restore-keys")]
    hit = next((name for prefix in prefixes for name in reversed(caches) if name.startswith(prefix)), "")
    if hit:
        with tarfile.open(fileobj=io.BytesIO(caches[hit])) as archive:
            archive.extractall(place.parent, filter="data")
    call.log.write(f"Cache restored from key: {hit}" if hit else f"Cache not found for {key}")

    def save() -> None:
        if call.runner.status is Conclusion.SUCCESS and key not in caches and place.exists():
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                archive.add(place, arcname=place.name)
            caches[key] = buffer.getvalue()

    call.runner.after.append(save)


CACHE = Action(run=cache, inputs={"path": None, "key": None, "restore-keys": ""})
