"""Write an export by labelme 6.3.1 (it needs Qt, so it runs in an environment of its own):

    uv run --no-project --with labelme==6.3.1 python tests/unit/interchange/oracles/write_labelme.py

Beside the export lie the masks that labelme itself makes of its shapes.
"""

from __future__ import annotations

import base64
import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
from labelme import utils
from labelme._label_file import write_label_file
from PIL import Image
from scenes import HEIGHT, SCENES, WIDTH, photograph

EXPORTS = Path(__file__).parents[1] / "exports"


def shape(kind: str, points: list[tuple[float, float]], mask: str | None = None) -> dict[str, object]:
    return {
        "label": "window",
        "points": [list(point) for point in points],
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": mask,
    }


def encoded(mask: np.ndarray) -> str:
    stored = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(stored, format="PNG")
    return base64.b64encode(stored.getvalue()).decode()


def main() -> None:
    shapes = {name: [shape("polygon", list(c)) for c in scene.windows] for name, scene in SCENES.items()}
    shapes["rectangle"] = [shape("rectangle", [(280, 200), (40, 30)])]
    shapes["circle"] = [shape("circle", [(160, 120), (250, 120)])]
    part = np.tri(100, 160, 30, dtype=bool)
    shapes["mask"] = [shape("mask", [(80, 70), (239, 169)], encoded(part))]
    with tempfile.TemporaryDirectory() as scratch:
        export = Path(scratch) / "export"
        (export / "masks").mkdir(parents=True)
        for name, drawn in shapes.items():
            data = photograph(name if name in SCENES else "one")
            (export / f"{name}.jpg").write_bytes(data)
            write_label_file(
                str(export / f"{name}.json"),
                shapes=drawn,
                image_path=f"C:\\Users\\Ola\\photos\\{name}.jpg",
                image_height=HEIGHT,
                image_width=WIDTH,
            )
            told = np.zeros((HEIGHT, WIDTH), dtype=bool)
            for each in drawn:
                if each["shape_type"] == "mask":
                    told[70:170, 80:240] = part
                else:
                    told |= utils.shape_to_mask((HEIGHT, WIDTH), each["points"], each["shape_type"])
            Image.fromarray(told).save(export / "masks" / f"{name}.png")
        # The photograph inside the JSON file alone, upright, as labelme stores it.
        inside = Image.new("RGB", (WIDTH, HEIGHT), (9, 9, 99))
        stored = io.BytesIO()
        inside.save(stored, format="PNG")
        write_label_file(
            str(export / "inside.json"),
            shapes=shapes["one"],
            image_path="inside.png",
            image_height=HEIGHT,
            image_width=WIDTH,
            image_data=stored.getvalue(),
        )
        shutil.move(export / "masks", Path(scratch) / "masks")
        shutil.make_archive(str(EXPORTS / "labelme"), "zip", export)
        shutil.make_archive(str(EXPORTS / "labelme-masks"), "zip", Path(scratch) / "masks")


if __name__ == "__main__":
    main()
