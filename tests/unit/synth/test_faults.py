from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wms.synth.faults import BREAKAGES, Fault, huge_png, write_broken_pairs

Push = tuple[Path, dict[str, Fault]]


@pytest.fixture(scope="module")
def push(tmp_path_factory: pytest.TempPathFactory) -> Push:
    out = tmp_path_factory.mktemp("broken")
    return out, {fault.rule: fault for fault in write_broken_pairs(out, seed=5)}


def test_every_rule_is_broken_once_and_every_file_accounted_for(push: Push) -> None:
    out, faults = push
    assert set(faults) >= set(BREAKAGES) - {"case-clash"}
    noted = {name for fault in faults.values() for name in fault.files}
    assert noted == {str(path.relative_to(out)) for path in out.rglob("*") if not path.is_dir()}


def test_the_same_seed_breaks_the_same_bytes(push: Push, tmp_path: Path) -> None:
    write_broken_pairs(tmp_path, seed=5)
    for path in push[0].rglob("*.*"):
        assert (tmp_path / path.relative_to(push[0])).read_bytes() == path.read_bytes()


def test_a_fault_names_one_file_to_look_at(push: Push) -> None:
    faults = push[1]
    assert faults["missing-image"].file == "masks/broken_5_missing-image.png"
    assert faults["duplicate"].file == "images/broken_5_duplicate_2.jpg"
    assert faults["symlink"].file == "images/broken_5_symlink.jpg"


def test_the_bomb_is_small_on_disk_and_huge_in_pixels(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    bomb = push[0] / push[1]["too-large"].file
    assert Image.open(bomb).size == (30_000, 30_000)
    assert bomb.stat().st_size < 500_000


def test_the_bombs_maker_writes_pixels_that_decode(tmp_path: Path) -> None:
    file = tmp_path / "small.png"
    file.write_bytes(huge_png(130))
    image = Image.open(file)
    assert image.size == (130, 130)
    assert not np.asarray(image).any()
