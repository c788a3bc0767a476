"""What people reported of other programs, tried here; docs/log.md has the verdicts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pairs import picture, save
from unit.interchange.handmade import (
    CORNERS,
    HEIGHT,
    WIDTH,
    bring,
    coco,
    mask_file,
    mask_of,
    photo,
    window,
    write_json,
)
from wms.core.errors import InputError

FLAT = [value for corner in CORNERS for value in corner]


def labelme(path: str, **more: object) -> dict[str, object]:
    shape = {"label": "window", "points": CORNERS, "shape_type": "polygon", "flags": {}}
    return {"version": "5.0.1", "shapes": [shape], "imagePath": path, "imageData": None, **more}


def yolo(folder: Path, *rows: str) -> None:
    photo(folder / "images")
    (folder / "labels").mkdir(parents=True)
    (folder / "labels/m1.txt").write_text("\n".join(rows))


def test_a_jpeg_named_heic_is_read_by_its_content(tmp_path: Path) -> None:
    """instructure/canvas-lms#1206."""
    photo(tmp_path / "set", "m1.jpg").rename(tmp_path / "set/m1.HEIC")
    mask_file(tmp_path / "set/m1_mask.png")
    bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
    assert (tmp_path / "pairs/images/m1.jpg").is_file()


def test_an_empty_segmentation_of_a_rectangle_does_not_spoil_the_others(tmp_path: Path) -> None:
    """SwinTransformer/Swin-Transformer-Object-Detection#162."""
    content = coco()
    content["annotations"].append({**content["annotations"][0], "id": 2, "segmentation": []})
    write_json(tmp_path / "set/coco.json", content)
    photo(tmp_path / "set")
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert imported.items[0].notes == ("not used: a bounding box without an outline",)
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def test_a_ring_of_two_corners_does_not_spoil_the_others(tmp_path: Path) -> None:
    """cocodataset/cocoapi#159 and #348."""
    write_json(tmp_path / "set/coco.json", coco(segmentation=[FLAT, [125, 51, 125, 51]]))
    photo(tmp_path / "set")
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert imported.items[0].notes == ("not used: a polygon with fewer than three corners",)
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def test_a_corner_at_1_0021_is_cut(tmp_path: Path) -> None:
    """ultralytics/yolov5#10632."""
    yolo(tmp_path / "set", "0 0.5 0.25 1.0021 0.25 1.0021 0.5 0.5 0.5")
    bring(tmp_path / "pairs", tmp_path / "set")
    told = np.zeros((HEIGHT, WIDTH), dtype=bool)
    told[HEIGHT // 4 : HEIGHT // 2, WIDTH // 2 :] = True
    assert np.array_equal(mask_of(tmp_path / "pairs"), told)


def test_corners_in_pixels_are_named_where_shares_are_expected(tmp_path: Path) -> None:
    """ultralytics/ultralytics#3285."""
    yolo(tmp_path / "set", "0 40 30 120 30 120 70 40 70")
    with pytest.raises(InputError, match="corners in pixels"):
        bring(tmp_path / "pairs", tmp_path / "set")


def test_colours_that_no_map_names_are_listed(tmp_path: Path) -> None:
    """cvat-ai/cvat#6274."""
    photo(tmp_path / "set/JPEGImages")
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[window()] = (0, 0, 255)
    save(Image.fromarray(pixels), tmp_path / "set/SegmentationClass/m1.png")
    (tmp_path / "set/labelmap.txt").write_text("window:255,0,0::\nbackground:0,0,0::\n")
    with pytest.raises(InputError, match=r"there are: #0000ff \(1 region\)"):
        bring(tmp_path / "pairs", tmp_path / "set", label="window")
    assert bring(tmp_path / "pairs", tmp_path / "set", label="#0000ff").pairs == 1


def test_paths_of_windows_and_photographs_that_were_moved_are_found(tmp_path: Path) -> None:
    """wkentaro/labelme#1725 and #794."""
    write_json(tmp_path / "set/json/m1.json", labelme("..\\files\\m1.jpg"))
    photo(tmp_path / "set/sorted/front")
    bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def test_a_portrait_that_was_labelled_lying_is_turned(tmp_path: Path) -> None:
    """cvat-ai/cvat#733, HumanSignal/labelImg#342, CVHub520/X-AnyLabeling#1098."""
    save(picture(1), tmp_path / "set/m1.jpg", orientation=6)
    write_json(tmp_path / "set/m1.json", labelme("m1.jpg", imageWidth=WIDTH, imageHeight=HEIGHT))
    imported = bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), np.rot90(window(), -1))
    assert "drawn on the photograph before its EXIF rotation; turned" in imported.items[0].notes


def test_a_label_image_of_labelme2voc_is_read_by_its_palette(tmp_path: Path) -> None:
    """wkentaro/labelme#132."""
    photo(tmp_path / "set/JPEGImages")
    image = Image.fromarray(window().astype(np.uint8), mode="P")
    image.putpalette([0, 0, 0, 128, 0, 0])
    (tmp_path / "set/SegmentationClass").mkdir(parents=True)
    image.save(tmp_path / "set/SegmentationClass/m1.png")
    assert bring(tmp_path / "pairs", tmp_path / "set").label == "aeroplane"
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())


def test_a_json_export_that_was_renamed_to_png_says_what_it_holds(tmp_path: Path) -> None:
    """HumanSignal/label-studio#6887."""
    photo(tmp_path / "set", "net.jpg")
    (tmp_path / "set/masks").mkdir()
    (tmp_path / "set/masks/net.png").write_text("[]")
    with pytest.raises(InputError, match=r"net\.png cannot be read"):
        bring(tmp_path / "pairs", tmp_path / "set")


def test_masks_of_0_and_1_in_three_channels_are_seen(tmp_path: Path) -> None:
    """DLopatkin/Heracleum-Dataset#1, wuhuikai/GP-GAN#1."""
    photo(tmp_path / "set/images")
    pixels = np.repeat(window()[:, :, None], 3, axis=2).astype(np.uint8)
    save(Image.fromarray(pixels), tmp_path / "set/masks/m1.png")
    bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
