"""A model that is written down, photographs for it, and one service for most tests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from factories import make_manifest, make_provenance
from pipeline.small import write_bundle
from services import Server, serving


@pytest.fixture(scope="package")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It finds red."""
    folder = tmp_path_factory.mktemp("model")
    write_bundle(folder, skill=1.0, provenance=make_provenance(make_manifest(10)))
    return folder


@pytest.fixture(scope="package")
def server(bundle: Path) -> Iterator[Server]:
    with serving("--model", bundle, requests_per_minute=1_000_000, burst=10_000) as server:
        yield server


def photograph(*, turn: int = 1, kind: str = "JPEG", size: tuple[int, int] = (640, 480)) -> bytes:
    """A picture with a red window at the left, a quarter from the top, stored with an EXIF orientation."""
    width, height = size
    pixels = np.full((height, width, 3), 90, dtype=np.uint8)
    pixels[height // 4 : height // 2, width // 8 : width // 2] = (255, 0, 0)
    pixels[..., 0][pixels[..., 1] == 90] = 0
    exif = Image.Exif()
    exif[0x0112] = turn
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    return buffer.getvalue()
