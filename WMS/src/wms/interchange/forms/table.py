"""The forms of labelled photographs that are read, in the order in which they are recognised."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wms.interchange.forms import (
    coco,
    cvat,
    folders,
    label_studio,
    labelme,
    roboflow,
    segments_ai,
    supervisely,
    via,
    voc,
    water_meters,
    yolo,
)
from wms.interchange.outgoing import Labelled
from wms.interchange.regions import Drawing
from wms.interchange.source import Source


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form.

    `find` lists the files of a source that are of this form; `read` yields the drawings of one of them. Files
    of a form in `before` only explain those of this form.
    """

    name: str
    title: str
    find: Callable[[Source], list[Path]]
    read: Callable[[Source, Path], Iterator[Drawing]]
    before: tuple[str, ...] = ()


class Reader(Protocol):
    """A module of this package that reads one form."""

    def find(self, source: Source) -> list[Path]:
        """The files of this form."""

    def read(self, source: Source, path: Path) -> Iterator[Drawing]:
        """The drawings of one of them."""


def _form(name: str, title: str, module: Reader) -> Form:
    return Form(name=name, title=title, find=module.find, read=module.read)


_ALL = (
    _form("cvat", "CVAT for images 1.1", cvat),
    _form("coco", "COCO", coco),
    _form("labelme", "labelme", labelme),
    Form(
        name="label-studio-png",
        title="Label Studio, brush labels to PNG",
        find=label_studio.find_brush_files,
        read=label_studio.read_brush_file,
        before=("label-studio",),
    ),
    _form("label-studio", "Label Studio JSON", label_studio),
    _form("supervisely", "Supervisely", supervisely),
    _form("via", "VGG Image Annotator", via),
    _form("segments", "Segments.ai", segments_ai),
    _form("voc", "Pascal VOC or CVAT segmentation mask", voc),
    _form("roboflow", "Roboflow semantic masks", roboflow),
    _form("yolo", "YOLO segmentation", yolo),
    _form("water-meters", "the public data set Water Meters", water_meters),
    _form("folders", "photographs and masks in folders", folders),
)
FORMS = {form.name: form for form in _ALL}
"""By name. `folders` counts only where no other form is found."""

FALLBACK = "folders"

WRITERS: dict[str, Callable[[Iterable[Labelled], Path], None]] = {
    "coco": coco.write,
    "cvat": cvat.write,
    "labelme": labelme.write,
}
"""What is written for a tool: given the photographs, and the folder whose `images/` has them."""


def recognise(source: Source) -> dict[str, list[Path]]:
    """The forms that a source has, and the files of each."""
    found = {name: files for name, form in FORMS.items() if name != FALLBACK and (files := form.find(source))}
    for explaining in [other for name in found for other in FORMS[name].before]:
        found.pop(explaining, None)
    if not found and (files := FORMS[FALLBACK].find(source)):
        found[FALLBACK] = files
    return found
