"""Write exports by the converter of label-studio-sdk 2.1.2, in an environment of its own:

    cd tests/unit/interchange/oracles
    uv run --no-project --with label-studio-sdk==2.1.2 python write_label_studio.py

The JSON export is what the server stores; here it is made by hand, with brush masks by the package.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from label_studio_sdk.converter import Converter
from label_studio_sdk.converter.brush import mask2rle
from scenes import HEIGHT, SCENES, WIDTH, photograph, truth

EXPORTS = Path(__file__).parents[1] / "exports"
CONFIG = """<View><Image name="image" value="$image"/>
<{kind} name="tag" toName="image"><Label value="window"/></{kind}></View>"""


def result(kind: str, value: dict[str, object]) -> dict[str, object]:
    return {
        "id": "r",
        "type": kind,
        "value": {**value, kind: ["window"]},
        "to_name": "image",
        "from_name": "tag",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
    }


def tasks(kind: str) -> list[dict[str, object]]:
    found = []
    for number, (name, scene) in enumerate(SCENES.items(), start=1):
        if kind == "polygonlabels":
            results = [
                result(
                    kind,
                    {"points": [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in corners], "closed": True},
                )
                for corners in scene.windows
            ]
        else:
            rle = mask2rle(truth(name, "non-zero").astype("uint8") * 255)
            results = [result(kind, {"format": "rle", "rle": [int(value) for value in rle]})]
        found.append(
            {
                "id": number,
                "data": {"image": f"/data/upload/4/1a2b3c4d-{name}.jpg"},
                "annotations": [
                    {
                        "id": number + 100,
                        "completed_by": 1,
                        "was_cancelled": False,
                        "created_at": "2026-11-30T00:00:00Z",
                        "updated_at": "2026-11-30T00:00:00Z",
                        "lead_time": 1.0,
                        "result": results,
                    }
                ],
            }
        )
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        photos = Path(scratch) / "photos"
        photos.mkdir()
        for name in SCENES:
            (photos / f"1a2b3c4d-{name}.jpg").write_bytes(photograph(name))
        for kind, tag in (("polygonlabels", "PolygonLabels"), ("brushlabels", "BrushLabels")):
            source = Path(scratch) / f"{kind}.json"
            source.write_text(json.dumps(tasks(kind)))
            converter = Converter(config=CONFIG.format(kind=tag), project_dir=scratch, upload_dir=str(photos))
            folder = Path(scratch) / kind
            shutil.copytree(photos, folder / "json/photos")
            shutil.copy(source, folder / "json/project.json")
            shutil.copytree(photos, folder / "min/photos")
            converter.convert_to_json_min(str(source), str(folder / "min"), is_dir=False)
            for form in ("json", "min"):
                shutil.make_archive(str(EXPORTS / f"label-studio-{kind}-{form}"), "zip", folder / form)
            if kind == "brushlabels":
                shutil.copytree(photos, folder / "png/photos")
                shutil.copy(source, folder / "png/project.json")
                for task in converter.iter_from_json_file(str(source)):
                    from label_studio_sdk.converter.brush import convert_task

                    convert_task(task, str(folder / "png"), out_format="png")
                shutil.make_archive(str(EXPORTS / "label-studio-png"), "zip", folder / "png")
            else:
                converter.convert_to_yolo(str(source), str(folder / "yolo"), is_dir=False)
                shutil.copytree(photos, folder / "yolo/images", dirs_exist_ok=True)
                shutil.make_archive(str(EXPORTS / "label-studio-yolo"), "zip", folder / "yolo")


if __name__ == "__main__":
    main()
