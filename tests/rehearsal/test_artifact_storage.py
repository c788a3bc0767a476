"""What a run keeps in GitHub's artifact storage, of which free private repositories have 500 MB."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rehearsal.stage import Stage

LIMIT_MB = 60
PHOTOGRAPH_KB = 240
"""What one of the real photographs takes: 100 of them have 24 MB."""


def write_photographs(out: Path, *, count: int, seed: int) -> None:
    """Pairs with files as large as photographs: a red window on noise, which no format makes smaller."""
    height, width = 350, 350
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        noise = rng.integers(0, 256, (height, width, 2), dtype=np.uint8)
        image = np.concatenate([np.zeros((height, width, 1), np.uint8), noise], axis=-1)
        top, left = rng.integers(30, 250), rng.integers(30, 250)
        mask = np.zeros((height, width), dtype=np.uint8)
        mask[top : top + 40, left : left + 80] = 255
        image[mask > 0] = (255, 0, 0)
        for folder, array in (("images", image), ("masks", mask)):
            path = out / folder / f"meter-{seed}-{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path)


@pytest.mark.soak
def test_a_push_of_a_hundred_photographs_takes_little_storage(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.write_pairs = write_photographs
    stage.push_pairs("first", seed=1, count=100)
    run = stage.play()[0].expect("success", publish="success", report="success")
    sizes = {
        artifact.name: sum((artifact.folder / name).stat().st_size for name in artifact.files) / 1e6
        for artifact in run.artifacts
    }
    with capsys.disabled():
        listed = ", ".join(f"{name} {size:.1f}" for name, size in sizes.items())
        print(f"\nartifact storage of a push of 100 pairs: {sum(sizes.values()):.1f} MB ({listed})")  # noqa: T201
    assert sizes["run-data-1"] > 100 * PHOTOGRAPH_KB / 1e3
    assert sum(sizes.values()) < LIMIT_MB
    assert not any(name.startswith("model/") for name in run.artifacts["run-train-1"].files)
