"""Write exports by datumaro 1.13.12, which CVAT's own exporters are built on.

It needs another OpenCV and NumPy than wms, so it runs in an environment of its own:

    uv run --no-project --with datumaro==1.13.12 python tests/unit/interchange/oracles/write_datumaro.py
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import datumaro as dm
import numpy as np
from scenes import HEIGHT, OTHER, SCENES, WIDTH, photograph

EXPORTS = Path(__file__).parents[1] / "exports"
FORMS = {"cvat": "cvat", "coco": "coco_instances", "voc": "voc_segmentation"}
WINDOW, DIGIT = 0, 1
COLOURS = {
    "digit": [(61, 61, 245), [], []],
    "background": [(0, 0, 0), [], []],
    "window": [(250, 50, 83), [], []],
}
"""A map as CVAT writes it: the colours of its labels, in any order."""


def flat(corners: list[tuple[float, float]]) -> list[float]:
    return [value for corner in corners for value in corner]


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        items = []
        for name, scene in SCENES.items():
            path = Path(scratch) / f"{name}.jpg"
            path.write_bytes(photograph(name))
            # CVAT and datumaro see the upright photograph.
            shapes = [dm.Polygon(flat(corners), label=WINDOW) for corners in scene.windows]
            if name == "one":
                shapes.append(dm.Polygon(flat(OTHER), label=DIGIT))
            media = dm.Image.from_file(path=str(path), size=(HEIGHT, WIDTH))
            items.append(dm.DatasetItem(name, media=media, annotations=shapes))
        hole = np.zeros((HEIGHT, WIDTH), dtype=bool)
        hole[40:200, 30:290] = True
        hole[90:150, 100:220] = False
        path = Path(scratch) / "hole.jpg"
        path.write_bytes(photograph("one"))
        media = dm.Image.from_file(path=str(path), size=(HEIGHT, WIDTH))
        items.append(dm.DatasetItem("hole", media=media, annotations=[dm.Mask(hole, label=WINDOW)]))
        dataset = dm.Dataset.from_iterable(items, categories=["window", "digit"])
        for name, form in FORMS.items():
            if name == "voc":  # as CVAT does before it writes masks
                dataset.transform("polygons_to_masks")
            folder = Path(scratch) / name
            options = {"label_map": COLOURS} if name == "voc" else {}
            dataset.export(str(folder), form, save_media=True, **options)
            shutil.make_archive(str(EXPORTS / f"datumaro-{name}"), "zip", folder)


if __name__ == "__main__":
    main()
