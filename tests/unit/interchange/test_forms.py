"""The parts of each form that the exports of other programs do not have."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unit.interchange.handmade import (
    BOX,
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


def runs_down(mask: np.ndarray) -> list[int]:
    """COCO's uncompressed runs."""
    counts, value = [0], False
    for pixel in mask.ravel(order="F"):
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return counts


def png(image: Image.Image) -> bytes:
    stored = io.BytesIO()
    image.save(stored, format="PNG")
    return stored.getvalue()


def supervisely(folder: Path, told: dict[str, Any]) -> None:
    content = {"size": {"width": WIDTH, "height": HEIGHT}, "objects": [{"classTitle": "window", **told}]}
    write_json(folder / "meta.json", {"classes": [{"title": "window"}]})
    write_json(folder / "day1/ann/m1.jpg.json", content)
    photo(folder / "day1/img")


def supervisely_bitmap() -> dict[str, Any]:
    whole = np.zeros((40, 80, 4), dtype=np.uint8)
    whole[:] = (255, 0, 0, 255)
    data = base64.b64encode(zlib.compress(png(Image.fromarray(whole)))).decode()
    return {"geometryType": "bitmap", "bitmap": {"data": data, "origin": [40, 30]}}


def cvat(folder: Path, part: str) -> None:
    photo(folder / "images/day 1")
    text = (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        f'  <image id="0" name="day 1/m1.jpg" width="{WIDTH}" height="{HEIGHT}">{part}</image></annotations>'
    )
    (folder / "annotations.xml").write_text(text)


def via(folder: Path, shape: dict[str, Any], attributes: dict[str, Any], *, project: bool = False) -> None:
    region = {"shape_attributes": shape, "region_attributes": attributes}
    entries = {"m1.jpg123": {"filename": "m1.jpg", "size": 123, "regions": [region], "file_attributes": {}}}
    write_json(folder / "via.json", {"_via_img_metadata": entries} if project else entries)
    photo(folder)


def via_table(folder: Path) -> None:
    photo(folder)
    shape = {"name": "rect", "x": 40, "y": 30, "width": 80, "height": 40}
    quoted = [json.dumps(value).replace('"', '""') for value in (shape, {"type": "window"})]
    (folder / "via_region_data.csv").write_text(
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
        f'm1.jpg,123,"{{}}",1,0,"{quoted[0]}","{quoted[1]}"\n'
    )


def segments(folder: Path, ending: str) -> None:
    number = 1 if ending == "_semantic" else 300
    label = {"annotations": [{"id": 300, "category_id": 1}], "segmentation_bitmap": {"url": "https://x/y"}}
    release = {
        "name": "v1",
        "dataset": {
            "task_attributes": {"categories": [{"id": 1, "name": "window"}]},
            "samples": [{"name": "m1.jpg", "labels": {"ground-truth": {"attributes": label}}}],
        },
    }
    write_json(folder / "meters-v1.json", release)
    photo(folder / "jane_meters/v1")
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    pixels[window()] = (number % 256, number // 256, 0, 0)
    pixels[:, :, 3] = 255
    image = Image.fromarray(pixels if ending != "_semantic" else pixels[:, :, 0])
    image.save(folder / f"jane_meters/v1/m1_label_ground-truth{ending}.png")


def roboflow(folder: Path) -> None:
    photo(folder / "train", "m1_jpg.rf.8c1f.jpg")
    mask_file(folder / "train/m1_jpg.rf.8c1f_mask.png", inside=2)
    (folder / "train/_classes.csv").write_text("Pixel Value, Class\n0, background\n2, window\n")


def water_meters(folder: Path) -> None:
    photo(folder / "WaterMeters/images")
    photo(folder / "WaterMeters/collage", seed=9)
    mask_file(folder / "WaterMeters/masks/m1.jpg")
    points = [{"x": x / WIDTH, "y": y / HEIGHT} for x, y in CORNERS]
    (folder / "WaterMeters/data.csv").write_text(
        f'photo_name,value,location\nm1.jpg,595.825,"{ {"type": "polygon", "data": points}!r}"\n'
    )


def yolo(folder: Path) -> None:
    photo(folder / "images/train")
    row = " ".join(f"{x / WIDTH} {y / HEIGHT}" for x, y in CORNERS)
    (folder / "labels/train").mkdir(parents=True)
    (folder / "labels/train/m1.txt").write_text(f"1 {row}\n0 0.5 0.5 0.1 0.1\n")
    (folder / "data.yaml").write_text("names:\n  0: digit\n  1: window\ntrain: train.txt\n")


def in_json(content: dict[str, Any]) -> Callable[[Path], None]:
    def build(folder: Path) -> None:
        write_json(folder / "annotations/instances.json", content)
        photo(folder / "images")

    return build


ROTATED = '<box label="window" xtl="60" ytl="10" xbr="100" ybr="90" rotation="90"/>'
ROW = ",".join(map(str, [0, 80 * 40]))
POINTS = ";".join(f"{x},{y}" for x, y in CORNERS)
BUILDERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "COCO, runs": (
        "coco",
        in_json(coco(segmentation={"counts": runs_down(window()), "size": [HEIGHT, WIDTH]})),
    ),
    "COCO, no size": ("coco", in_json(coco(width=0, height=0))),
    "COCO, runs and no size": (
        "coco",
        in_json(
            coco(segmentation={"counts": runs_down(window()), "size": [HEIGHT, WIDTH]}, width=0, height=0)
        ),
    ),
    "COCO, a path as name": ("coco", in_json(coco("C:\\data\\images\\m1.jpg"))),
    "CVAT, a turned box": ("cvat", lambda folder: cvat(folder, ROTATED)),
    "CVAT, a mask": (
        "cvat",
        lambda folder: cvat(
            folder, f'<mask label="window" rle="{ROW}" left="40" top="30" width="80" height="40"/>'
        ),
    ),
    "CVAT, a closed line": (
        "cvat",
        lambda folder: cvat(folder, f'<polyline label="window" points="{POINTS};40,30"/>'),
    ),
    "Supervisely, a bitmap": ("supervisely", lambda folder: supervisely(folder, supervisely_bitmap())),
    "Supervisely, a polygon": (
        "supervisely",
        lambda folder: supervisely(folder, {"points": {"exterior": CORNERS, "interior": []}}),
    ),
    "VIA, a rectangle": (
        "via",
        lambda folder: via(
            folder, {"name": "rect", "x": 40, "y": 30, "width": 80, "height": 40}, {"type": {"window": True}}
        ),
    ),
    "VIA, a polygon in a project": (
        "via",
        lambda folder: via(
            folder,
            {"name": "polygon", "all_points_x": [40, 120, 120, 40], "all_points_y": [30, 30, 70, 70]},
            {"type": "window"},
            project=True,
        ),
    ),
    "VIA, a table": ("via", via_table),
    "Segments.ai, objects": ("segments", lambda folder: segments(folder, "")),
    "Segments.ai, categories": ("segments", lambda folder: segments(folder, "_semantic")),
    "Roboflow, masks": ("roboflow", roboflow),
    "Water Meters": ("water-meters", water_meters),
    "YOLO": ("yolo", yolo),
}


@pytest.mark.parametrize("name", BUILDERS)
def test_the_window_is_the_one_that_the_export_tells(name: str, tmp_path: Path) -> None:
    form, build = BUILDERS[name]
    build(tmp_path / "export")
    imported = bring(tmp_path / "pairs", tmp_path / "export")
    assert (imported.form, imported.label, imported.pairs) == (form, "window", 1)
    assert not [item for item in imported.items if item.fault]
    (stem,) = [item.pair for item in imported.items if item.pair]
    assert np.array_equal(mask_of(tmp_path / "pairs", stem), window())


def test_several_labels_are_listed_and_one_is_chosen(tmp_path: Path) -> None:
    content = coco()
    content["categories"].append({"id": 4, "name": "digit"})
    content["annotations"].append({**content["annotations"][0], "id": 2, "category_id": 4})
    write_json(tmp_path / "export/coco.json", content)
    photo(tmp_path / "export")
    with pytest.raises(InputError, match=r"window \(1 region\), digit \(1 region\)"):
        bring(tmp_path / "pairs", tmp_path / "export")
    assert not (tmp_path / "pairs").exists()
    assert bring(tmp_path / "pairs", tmp_path / "export", label="digit").label == "digit"


def test_an_ellipse_is_a_region(tmp_path: Path) -> None:
    cvat(tmp_path / "export", '<ellipse label="window" cx="80" cy="60" rx="40" ry="20" rotation="90"/>')
    bring(tmp_path / "pairs", tmp_path / "export")
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    told = ((x - 80) / 20) ** 2 + ((y - 60) / 40) ** 2 <= 1
    assert (mask_of(tmp_path / "pairs") != told).sum() < 8


def label_studio(*annotations: dict[str, Any], **task: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"image": "/data/upload/1/0a1b2c3d-m1.jpg"}, "annotations": annotations, **task}


def annotation(number: int, corners: list[list[float]], **more: Any) -> dict[str, Any]:
    percents = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in corners]
    value = {"points": percents, "polygonlabels": ["window"]}
    result = {"type": "polygonlabels", "original_width": WIDTH, "original_height": HEIGHT, "value": value}
    return {"id": number, "updated_at": f"2026-11-{number:02}", "result": [result], **more}


def test_of_several_annotations_the_newest_that_was_kept_counts(tmp_path: Path) -> None:
    other = [[0, 0], [20, 0], [20, 20]]
    told = label_studio(
        annotation(1, other), annotation(2, CORNERS), annotation(3, other, was_cancelled=True)
    )
    write_json(tmp_path / "export/project.json", [told])
    photo(tmp_path / "export")
    imported = bring(tmp_path / "pairs", tmp_path / "export")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
    assert imported.items[0].notes == ("2 annotations; number 2 is used",)


def test_a_task_without_a_photograph_is_named_and_the_others_count(tmp_path: Path) -> None:
    tasks = [
        label_studio(annotation(1, CORNERS), id=6, data={"text": "a"}),
        label_studio(annotation(1, CORNERS)),
    ]
    write_json(tmp_path / "export/project.json", tasks)
    photo(tmp_path / "export")
    imported = bring(tmp_path / "pairs", tmp_path / "export")
    assert [(item.name, item.fault) for item in imported.items] == [("m1.jpg", False), ("task 6", True)]


def test_a_mask_that_is_not_there_is_a_fault_of_its_photograph(tmp_path: Path) -> None:
    for stem, mask in (("m1", None), ("m2", base64.b64encode(png(Image.fromarray(window()))).decode())):
        shape = {"label": "window", "shape_type": "mask", "points": [[0, 0], [159, 119]], "mask": mask}
        write_json(tmp_path / f"export/{stem}.json", {"shapes": [shape], "imagePath": f"{stem}.jpg"})
        photo(tmp_path / "export", f"{stem}.jpg")
    imported = bring(tmp_path / "pairs", tmp_path / "export")
    assert [(item.pair, item.fault) for item in imported.items] == [("m2", False), (None, True)]
    assert np.array_equal(mask_of(tmp_path / "pairs", "m2"), window())


def test_a_bounding_box_is_no_window(tmp_path: Path) -> None:
    write_json(tmp_path / "export/coco.json", coco(segmentation=[]))
    photo(tmp_path / "export")
    with pytest.raises(InputError, match="a bounding box without an outline"):
        bring(tmp_path / "pairs", tmp_path / "export")


def test_an_export_and_the_folder_of_its_photographs_are_read_as_one(tmp_path: Path) -> None:
    export = write_json(tmp_path / "downloads/result.json", coco("upload/0a1b2c3d-m1.jpg"))
    photo(tmp_path / "photos")
    assert bring(tmp_path / "pairs", export, tmp_path / "photos").pairs == 1


def test_a_photograph_that_is_not_there_is_named(tmp_path: Path) -> None:
    content = coco()
    content["images"].append({"id": 8, "file_name": "m2.jpg", "width": WIDTH, "height": HEIGHT})
    write_json(tmp_path / "export/coco.json", content)
    photo(tmp_path / "export")
    imported = bring(tmp_path / "pairs", tmp_path / "export")
    (fault,) = [item for item in imported.items if item.fault]
    assert fault.name == "m2.jpg"
    assert "not in the source" in fault.notes[0]
    assert imported.pairs == 1


def test_brush_masks_without_the_json_export_say_which_export_is_missing(tmp_path: Path) -> None:
    mask_file(tmp_path / "masks/task-3-annotation-3-by-1-tag-window-0.png")
    photo(tmp_path / "photos")
    with pytest.raises(InputError, match="does not say to which photograph") as refused:
        bring(tmp_path / "pairs", tmp_path / "masks", tmp_path / "photos")
    assert "as JSON" in refused.value.remedy


def test_a_bitmap_that_is_on_the_web_alone_says_how_to_get_it(tmp_path: Path) -> None:
    segments(tmp_path / "export", "")
    for path in (tmp_path / "export/jane_meters/v1").glob("*_label_*"):
        path.unlink()
    with pytest.raises(InputError, match="on the web") as refused:
        bring(tmp_path / "pairs", tmp_path / "export")
    assert "export_dataset" in refused.value.remedy


def test_cvat_for_video_is_refused_with_the_form_to_choose(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text('<annotations><track id="0" label="window"/></annotations>')
    with pytest.raises(InputError, match=r"CVAT for images 1\.1"):
        bring(tmp_path / "pairs", tmp_path / "annotations.xml")


def test_an_xml_bomb_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text(
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
        "<annotations>&c;</annotations>"
    )
    with pytest.raises(InputError, match="holds what no export of CVAT has"):
        bring(tmp_path / "pairs", tmp_path / "annotations.xml")


@pytest.mark.parametrize(
    "broken",
    [
        {"images": [{"id": 1}], "annotations": [], "categories": []},
        {"images": [], "annotations": [{"id": 1}], "categories": []},
        {"images": [None], "annotations": [], "categories": [{"id": 1, "name": "window"}]},
    ],
)
def test_a_part_that_is_missing_is_said_and_is_no_bug(broken: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "coco.json", broken)
    with pytest.raises(InputError, match="is not as COCO writes it"):
        bring(tmp_path / "pairs", tmp_path / "coco.json")


def test_the_colours_of_a_map_count_and_not_their_place(tmp_path: Path) -> None:
    photo(tmp_path / "JPEGImages")
    pixels = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    pixels[window()] = (10, 20, 30)
    pixels[:5, :5] = (200, 0, 0)
    (tmp_path / "SegmentationClass").mkdir()
    Image.fromarray(pixels).save(tmp_path / "SegmentationClass/m1.png")
    (tmp_path / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\ndigit:200,0,0::\nbackground:0,0,0::\nwindow:10,20,30::\n"
    )
    bring(tmp_path.parent / f"{tmp_path.name}-pairs", tmp_path, label="window")
    assert np.array_equal(mask_of(tmp_path.parent / f"{tmp_path.name}-pairs"), window())


def test_masks_in_folders_of_their_own_belong_to_photographs_in_such_folders(tmp_path: Path) -> None:
    photo(tmp_path / "set/JPEGImages/day 1")
    photo(tmp_path / "set/JPEGImages/day 2", seed=2)
    for day, mask in (("day 1", window()), ("day 2", window()[::-1])):
        pixels = np.where(mask[:, :, None], (250, 50, 83), (0, 0, 0)).astype(np.uint8)
        (tmp_path / f"set/SegmentationClass/{day}").mkdir(parents=True)
        Image.fromarray(pixels).save(tmp_path / f"set/SegmentationClass/{day}/m1.png")
    (tmp_path / "set/labelmap.txt").write_text("background:0,0,0::\nwindow:250,50,83::\n")
    bring(tmp_path / "pairs", tmp_path / "set")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
    assert np.array_equal(mask_of(tmp_path / "pairs", "day 2-m1"), window()[::-1])


def test_parts_of_one_window_are_joined(tmp_path: Path) -> None:
    left, top, right, bottom = BOX
    middle = (left + right) // 2
    halves = [(left, middle), (middle, right)]
    rings = [[a, top, b, top, b, bottom, a, bottom] for a, b in halves]
    write_json(tmp_path / "export/coco.json", coco(segmentation=rings))
    photo(tmp_path / "export")
    bring(tmp_path / "pairs", tmp_path / "export")
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
