"""Settings for rehearsals that leave nothing out: a tiny network, and a gate that takes what it learned."""

from __future__ import annotations

from wms.core.settings import GATE_CONFIG, TRAIN_CONFIG
from wms.wiring.template import template_files

TINY = {"epochs": 2, "image_size_px": 64, "base_width": 8, "patience": 2}
PAIRS = 40


def tiny_project() -> dict[str, bytes]:
    """Settings by which a training takes seconds, and any first model is promoted on few images."""
    files = template_files(TINY)
    gate = files[GATE_CONFIG].decode()
    for old, new in (("floor_dice: 0.6", "floor_dice: 0"), ("floor_iou: 0.45", "floor_iou: 0"),
                     ("min_pictures: 10", "min_pictures: 3")):  # fmt: skip
        assert old in gate
        gate = gate.replace(old, new)
    return {TRAIN_CONFIG: files[TRAIN_CONFIG], GATE_CONFIG: gate.encode()}
