"""Exports with damaged parts end in an import or in an error of ours, never in a bug."""

from __future__ import annotations

import contextlib
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from unit.interchange.test_exports import EXPORTS
from unit.interchange.test_forms import BUILDERS
from wms.core.errors import InputError
from wms.core.progress import Silent
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices

VALUES = [None, -1, 0, 1e30, "", "x", [], {}, True, [1], {"a": 1}, float("nan")]
READ = {".json", ".xml", ".txt", ".csv", ".yaml", ".png", ".jpg"}


def changed(value: Any, rng: random.Random) -> Any:
    """JSON in which one value is gone, or another."""
    if isinstance(value, dict) and value and rng.random() < 0.75:
        key = rng.choice(list(value))
        rest = {name: part for name, part in value.items() if name != key}
        return rest if rng.random() < 0.2 else {**rest, key: changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.75:
        place = rng.randrange(len(value))
        return [*value[:place], changed(value[place], rng), *value[place + 1 :]]
    return rng.choice(VALUES)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Some bytes are others, or the end is missing."""
    bytes_ = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        bytes_[rng.randrange(len(bytes_))] = rng.randrange(256)
    return bytes(bytes_[: rng.randrange(len(bytes_))] if rng.random() < 0.2 else bytes_)


def try_damaged(folder: Path, *, seed: int, times: int) -> None:
    rng = random.Random(seed)
    sources = []
    for path in sorted(EXPORTS.glob("*.zip")):
        zipfile.ZipFile(path).extractall(folder / path.stem)
        sources.append(folder / path.stem)
    for number, (_, build) in enumerate(BUILDERS.values()):
        build(folder / f"made {number}")
        sources.append(folder / f"made {number}")
    for _ in range(times):
        source = rng.choice(sources)
        path = rng.choice(sorted(path for path in source.rglob("*") if path.suffix in READ))
        data = path.read_bytes()
        if path.suffix == ".json" and rng.random() < 0.9:
            path.write_bytes(json.dumps(changed(json.loads(data), rng)).encode())
        else:
            path.write_bytes(damaged(data, rng))
        with contextlib.suppress(InputError):
            import_pairs([source], None, choices=Choices(label="window"), progress=Silent())
        path.write_bytes(data)


def test_a_damaged_export_is_no_bug(tmp_path: Path) -> None:
    try_damaged(tmp_path, seed=1, times=150)


@pytest.mark.soak
def test_many_damaged_exports_are_no_bug(tmp_path: Path) -> None:
    try_damaged(tmp_path, seed=2, times=10_000)
