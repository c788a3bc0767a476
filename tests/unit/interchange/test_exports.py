"""Exports that other programs wrote, read by ours: each mask is what was drawn.

The folder `exports` holds what the scripts in `oracles` wrote: datumaro 1.13.12 (CVAT's own exporters are
built on it), labelme 6.3.1 and label-studio-sdk 2.1.2. They clash with the locked environment, so each runs
in one of its own; each script says how.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation, binary_erosion

from unit.interchange.oracles.scenes import HEIGHT, SCENES, WIDTH, truth
from wms.core.progress import Silent
from wms.imaging.files import read_image
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices
from wms.interchange.result import Imported

SQUARE = np.ones((3, 3))
EXPORTS = Path(__file__).parent / "exports"
FORMS = {
    "datumaro-cvat": ("cvat", "even-odd"),
    "datumaro-coco": ("coco", "even-odd"),
    "datumaro-voc": ("voc", "even-odd"),
    "labelme": ("labelme", "even-odd"),
    "label-studio-polygonlabels-json": ("label-studio", "non-zero"),
    "label-studio-polygonlabels-min": ("label-studio", "non-zero"),
    "label-studio-brushlabels-json": ("label-studio", "non-zero"),
    "label-studio-brushlabels-min": ("label-studio", "non-zero"),
    "label-studio-png": ("label-studio-png", "non-zero"),
    "label-studio-yolo": ("yolo", "even-odd"),
}


def bring(source: Path, out: Path) -> Imported:
    imported = import_pairs([source], out, choices=Choices(label="window"), progress=Silent())
    assert not [item for item in imported.items if item.fault]
    return imported


def masks(folder: Path) -> dict[str, np.ndarray]:
    """By the photograph's name, without the prefix of Label Studio."""
    found = {path.stem: np.asarray(Image.open(path)) for path in (folder / "masks").iterdir()}
    assert all(set(np.unique(mask)) <= {0, 255} for mask in found.values())
    return {stem.removeprefix("1a2b3c4d-"): mask > 0 for stem, mask in found.items()}


def assert_equal_but_for_the_edge(found: np.ndarray, told: np.ndarray) -> None:
    assert found.shape == told.shape
    edge = binary_dilation(told, SQUARE) & ~binary_erosion(told, SQUARE)
    assert not ((found != told) & ~edge).any()
    assert (found & told).sum() / (found | told).sum() >= 0.99


@pytest.mark.parametrize("export", FORMS)
def test_each_mask_is_what_was_drawn(export: str, tmp_path: Path) -> None:
    form, rule = FORMS[export]
    imported = bring(EXPORTS / f"{export}.zip", tmp_path / "pairs")
    assert (imported.form, imported.label) == (form, "window")
    found = masks(tmp_path / "pairs")
    assert set(SCENES) <= set(found)
    for name in SCENES:
        assert_equal_but_for_the_edge(found[name], truth(name, rule))
    for path in (tmp_path / "pairs/images").iterdir():
        assert read_image(path).shape[:2] == (HEIGHT, WIDTH)


@pytest.mark.parametrize("export", ["datumaro-cvat", "datumaro-coco", "datumaro-voc"])
def test_a_mask_with_a_hole_is_exact(export: str, tmp_path: Path) -> None:
    bring(EXPORTS / f"{export}.zip", tmp_path / "pairs")
    told = np.zeros((HEIGHT, WIDTH), dtype=bool)
    told[40:200, 30:290] = True
    told[90:150, 100:220] = False
    assert np.array_equal(masks(tmp_path / "pairs")["hole"], told)


def test_the_shapes_of_labelme_are_those_that_labelme_draws(tmp_path: Path) -> None:
    bring(EXPORTS / "labelme.zip", tmp_path / "pairs")
    with zipfile.ZipFile(EXPORTS / "labelme-masks.zip") as archive:
        archive.extractall(tmp_path / "masks")
    found = masks(tmp_path / "pairs")
    told = {path.stem: np.asarray(Image.open(path)) for path in (tmp_path / "masks").iterdir()}
    assert np.array_equal(found["mask"], told["mask"])
    for name in ("rectangle", "circle", *SCENES):
        # Pillow draws the outline itself too, a pixel wide.
        edge = binary_dilation(told[name], SQUARE) & ~binary_erosion(told[name], SQUARE, iterations=2)
        assert not ((found[name] != told[name]) & ~edge).any(), name


def test_a_photograph_inside_a_json_file_is_taken_out(tmp_path: Path) -> None:
    bring(EXPORTS / "labelme.zip", tmp_path / "pairs")
    assert read_image(tmp_path / "pairs/images/inside.png")[0, 0].tolist() == [9, 9, 99]


def test_what_is_unusual_about_a_polygon_is_said(tmp_path: Path) -> None:
    imported = bring(EXPORTS / "datumaro-cvat.zip", tmp_path / "pairs")
    notes = {item.pair: item.notes for item in imported.items}
    assert notes["out"] == ("cut at the image's edge",)
    assert notes["star"] == ("crosses itself; filled by the even-odd rule, as its tool does",)
    assert notes["two"] == ()
