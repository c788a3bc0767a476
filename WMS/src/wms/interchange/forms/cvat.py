"""CVAT for images 1.1: one XML file (https://docs.cvat.ai/docs/manual/advanced/xml_format/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as Tree  # for writing; what others wrote is read by defusedxml

import numpy as np

from wms.interchange.outgoing import LABEL, Labelled, window_of
from wms.interchange.regions import (
    Bitmap,
    Drawing,
    FormError,
    Outline,
    Region,
    box,
    corners,
    ellipse,
    gathered,
    run_lengths,
    runs,
)
from wms.interchange.source import Source, read_text

_CLOSED_PX = 2.0
"""A line whose ends are no further apart is an outline that was drawn as a line."""


def find(source: Source) -> list[Path]:
    """The XML files of this form."""
    return [path for path in source.ending(".xml") if _starts_with(path, b"<annotations>")]


def read(source: Source, path: Path) -> Iterator[Drawing]:
    """One drawing for each image of the task.

    Polygons are filled by even-odd, as CVAT does when it exports them as masks.
    """
    from defusedxml import DefusedXmlException, ElementTree

    try:
        root = ElementTree.fromstring(read_text(path))
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise FormError(f"{path.name} is damaged, or holds what no export of CVAT has: {error}") from error
    if root.find("track") is not None:
        raise FormError(f"{path.name} is CVAT for video; export the task as CVAT for images 1.1")
    for image in root.iter("image"):
        regions, notes = gathered(_regions, [part for part in image if part.tag != "tag"])
        yield Drawing(
            name=image.attrib["name"],
            told_in=path,
            regions=regions,
            size=(int(image.attrib["width"]), int(image.attrib["height"])),
            notes=notes,
        )


def _regions(part: Tree.Element) -> list[Region]:
    return [Region(label=part.attrib["label"], shape=_shape(part))]


def _shape(part: Tree.Element) -> Outline | Bitmap:
    told = part.attrib

    def number(name: str) -> float:
        return float(told.get(name, 0.0))

    if part.tag == "mask":
        size = int(told["width"]), int(told["height"])
        counts = [int(count) for count in told["rle"].split(",")]
        return Bitmap(load=partial(runs, counts, size), left=int(told["left"]), top=int(told["top"]))
    if part.tag in ("polygon", "polyline"):
        ring = corners([[float(value) for value in pair.split(",")] for pair in told["points"].split(";")])
        if part.tag == "polyline" and np.linalg.norm(ring[0] - ring[-1]) > _CLOSED_PX:
            raise FormError("a line that is not closed")
    elif part.tag == "box":
        sides = (number(side) for side in ("xtl", "ytl", "xbr", "ybr"))
        ring = box(*sides, degrees=number("rotation"))
    elif part.tag == "ellipse":
        middle = (number(name) for name in ("cx", "cy", "rx", "ry"))
        ring = ellipse(*middle, degrees=number("rotation"))
    else:
        raise FormError(f"{part.tag} is no region")
    return Outline(rings=(ring,), rule="even-odd")


def _starts_with(path: Path, tag: bytes) -> bool:
    with path.open("rb") as file:
        return tag in file.read(1024)


def write(items: Iterable[Labelled], folder: Path) -> None:
    """Write `annotations.xml` with masks by runs."""
    root = Tree.Element("annotations")
    Tree.SubElement(root, "version").text = "1.1"
    labels = Tree.SubElement(Tree.SubElement(Tree.SubElement(root, "meta"), "task"), "labels")
    label = Tree.SubElement(labels, "label")
    for name, value in (("name", LABEL), ("type", "mask"), ("attributes", "")):
        Tree.SubElement(label, name).text = value
    for number, item in enumerate(items):
        width, height = map(str, item.size)
        attributes = {"id": str(number), "name": item.file_name, "width": width, "height": height}
        image = Tree.SubElement(root, "image", attributes)
        mask = item.mask()
        if mask is None or not mask.any():
            continue
        left, top, part = window_of(mask)
        Tree.SubElement(
            image,
            "mask",
            {
                "label": LABEL,
                "source": item.made_by,
                "occluded": "0",
                "rle": ", ".join(map(str, run_lengths(part))),
                "left": str(left),
                "top": str(top),
                "width": str(part.shape[1]),
                "height": str(part.shape[0]),
                "z_order": "0",
            },
        )
    Tree.indent(root)
    Tree.ElementTree(root).write(folder / "annotations.xml", encoding="utf-8", xml_declaration=True)
