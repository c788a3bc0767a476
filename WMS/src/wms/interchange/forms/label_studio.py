"""Label Studio: JSON, JSON-MIN, and *Brush labels to PNG* (https://labelstud.io/guide/export)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from wms.core.errors import Code, InputError
from wms.interchange.pixels import open_mask, read_levels
from wms.interchange.regions import (
    Bitmap,
    Drawing,
    FormError,
    Mask,
    Outline,
    Region,
    box,
    corners,
    ellipse,
    gathered,
    turned,
)
from wms.interchange.source import PHOTO_SUFFIXES, Source, plain_name

_LABELS = ("polygonlabels", "brushlabels", "rectanglelabels", "ellipselabels", "labels")
_UNLABELLED = "(no label)"
_BRUSH_FILE = re.compile(r"task-(?P<task>\d+)-annotation-(?P<annotation>\d+)-by-(?P<rest>.+)-\d+\.png")
"""`task-3-annotation-3-by-1-tag-window-0.png`: task, annotation, person, tag, label, number."""


def find(source: Source) -> list[Path]:
    """The JSON and JSON-MIN files of this form."""
    return source.documents_like(lambda content: isinstance(content, list) and any(map(_is_task, content)))


def _is_task(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    full = isinstance(entry.get("data"), dict) and ("annotations" in entry or "completions" in entry)
    return full or "annotation_id" in entry


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """One drawing for each task.

    Corners are percents of the photograph as the browser shows it: upright. A browser fills polygons by
    non-zero.
    """
    for task in source.documents[path]:
        results, notes = _results(task)
        sizes = {
            (int(result["original_width"]), int(result["original_height"]))
            for result in results
            if result.get("original_width")
        }
        regions, unused = gathered(_regions, results)
        yield Drawing(
            name=_photograph_of(task),
            told_in=path,
            regions=regions,
            size=next(iter(sizes), None),
            problem="its regions are for photographs of several sizes" if len(sizes) > 1 else "",
            notes=(*notes, *unused),
        )


def _results(task: dict[str, Any]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The regions of a task's annotation; of several annotations, the ground truth or else the newest."""
    if "annotation_id" in task and "data" not in task:  # JSON-MIN: a list of regions for each tag
        found = [value for value in task.values() if isinstance(value, list)]
        return [region for regions in found for region in regions if isinstance(region, dict)], ()
    told = task.get("annotations") or task.get("completions") or []
    valid = [entry for entry in told if not entry.get("was_cancelled")]
    if not valid:
        return [], ()
    chosen = max(valid, key=lambda entry: (bool(entry.get("ground_truth")), str(entry.get("updated_at", ""))))
    notes = (f"{len(valid)} annotations; number {chosen.get('id')} is used",) if len(valid) > 1 else ()
    return [{**result, **result["value"]} for result in chosen.get("result", []) if "value" in result], notes


def _regions(told: dict[str, Any]) -> list[Region]:
    """The region of one result; none for choices, texts and relations."""
    labels = next((told[key] for key in _LABELS if told.get(key)), [_UNLABELLED])
    if told.get("image_rotation"):
        raise FormError("a region on a photograph that was turned in the tool")
    if "points" in told:
        shape: Outline | Bitmap = _outline(corners(told["points"]))
    elif "rle" in told:
        size = int(told["original_width"]), int(told["original_height"])
        shape = Bitmap(load=partial(decode_brush, told["rle"], size))
    elif "radiusX" in told:
        shape = _outline(_unsquashed(told, ellipse, "x", "y", "radiusX", "radiusY"))
    elif {"x", "y", "width", "height"} <= told.keys():
        shape = _outline(_unsquashed(told, _turned_box, "x", "y", "width", "height"))
    else:
        return []
    return [Region(label=str(label), shape=shape) for label in labels]


def _outline(percents: Any) -> Outline:
    return Outline(rings=(percents / 100.0,), rule="non-zero", relative=True)


def _turned_box(x: float, y: float, width: float, height: float, *, degrees: float) -> Any:
    """Label Studio turns a rectangle around its upper left corner."""
    return turned(box(x, y, x + width, y + height), (x, y), degrees)


def _unsquashed(told: dict[str, Any], draw: Any, *names: str) -> Any:
    """Corners in percents of a shape that is turned in pixels."""
    scale = np.array([float(told["original_width"]), float(told["original_height"])]) / 100.0
    values = np.array([float(told[name]) for name in names]).reshape(2, 2) * scale
    return draw(*values.ravel(), degrees=float(told.get("rotation") or 0.0)) / scale


def _photograph_of(task: dict[str, Any]) -> str:
    """The photograph of a task: the first of its data that ends like an image, or else only the task."""
    if task.get("file_upload"):
        return str(task["file_upload"])
    data = task.get("data", task)
    for value in data.values():
        if isinstance(value, str) and Path(plain_name(value)).suffix.lower() in PHOTO_SUFFIXES:
            return value
    return f"task {task.get('id')}"


def decode_brush(data: Sequence[int], size: tuple[int, int]) -> Mask:
    """A brush's mask, from the package `rle-pack` of thi.ng/umbrella: RGBA, row by row; alpha is the mask.

    The bits hold: the number of values (32), the word size less 1 (5), four run sizes less 1 (4 each); then
    blocks: whether it is a repetition (1), which run size (2), the length less 1, and one word or each word.

    Raises:
        FormError: the data are cut off, or of another size.
    """
    bits = np.unpackbits(np.asarray(data, dtype=np.uint8))
    at = 0

    def number(width: int) -> int:
        nonlocal at
        if at + width > len(bits):
            raise FormError("a brush mask that is cut off")
        at += width
        return int(bits[at - width : at] @ (1 << np.arange(width - 1, -1, -1, dtype=np.int64)))

    total, word = number(32), number(5) + 1
    run_sizes = [number(4) + 1 for _ in range(4)]
    if total != size[0] * size[1] * 4 or word != 8:
        raise FormError(f"a brush mask of {total} values for {size[0]}x{size[1]}")
    values = np.empty(total, dtype=np.uint8)
    done = 0
    while done < total:
        repeated, length = number(1), number(run_sizes[number(2)]) + 1
        length = min(length, total - done)
        if repeated:
            values[done : done + length] = number(word)
        else:
            if at + word * length > len(bits):
                raise FormError("a brush mask that is cut off")
            values[done : done + length] = np.packbits(bits[at : at + word * length])
            at += word * length
        done += length
    return values.reshape(size[1], size[0], 4)[:, :, 3] > 127


def find_brush_files(source: Source) -> list[Path]:
    """The masks of *Brush labels to PNG*."""
    return [path for path in source.ending(".png") if _BRUSH_FILE.fullmatch(path.name)]


def read_brush_file(source: Source, path: Path) -> Iterator[Drawing]:
    """The drawing of one mask. Its file names only the task; the photograph's name is in the JSON export.

    Raises:
        InputError: the source has no JSON export (HumanSignal/label-studio#8561 and #3892).
    """
    told = _BRUSH_FILE.fullmatch(path.name)
    assert told is not None  # noqa: S101 - `find_brush_files` has seen to it
    tasks = [
        task
        for document in find(source)
        for task in source.documents[document]
        if str(task.get("id")) == told["task"]
    ]
    if not tasks:
        raise InputError(
            f"{path.name} does not say to which photograph it belongs",
            Code.IMPORT,
            remedy="Export the same project as JSON too, and name both: "
            "`wms data import MASKS.zip EXPORT.json PHOTOS --out DIR`.",
        )
    label = _label_in(told["rest"], _labels_of(tasks[0]))
    yield Drawing(
        name=_photograph_of(tasks[0]),
        told_in=path,
        regions=(Region(label=label, shape=Bitmap(load=lambda: read_levels(path) > 127)),),
        size=open_mask(path).size,
    )


def _labels_of(task: dict[str, Any]) -> list[str]:
    told = (label for result in _results(task)[0] for key in _LABELS for label in result.get(key, ()))
    return [str(label) for label in told]


def _label_in(rest: str, known: Iterable[str]) -> str:
    """The label at the end of a file name; it may hold dashes, and the JSON export knows it."""
    endings = [label for label in known if rest.endswith("-" + label.replace("/", "-").replace("\\", "-"))]
    return max(endings, key=len, default=rest.rpartition("-")[2])
