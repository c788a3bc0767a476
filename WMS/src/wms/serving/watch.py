"""What a service keeps of photographs that it answers: counts for drift, and doubtful ones with consent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wms.core.records.measures import Measures
from wms.core.settings.drift import DriftSettings
from wms.serving.counts import DriftCounts
from wms.serving.wanted import Wanted


class Watch:
    """Both, in the folders that the settings name below `root`. For several threads.

    Args:
        settings: `WMS/configs/drift.yaml`.
        root: one service at a time may use its folders.
        clock: returns the time with its zone.

    Raises:
        RecordError: the folder of the counts has another file of their name.
    """

    def __init__(self, settings: DriftSettings, root: Path, clock: Callable[[], datetime]) -> None:
        self.counts = DriftCounts(
            root / settings.folder,
            keep_days=settings.keep_days,
            write_seconds=settings.write_seconds,
            clock=clock,
        )
        self._wanted = Wanted(root / settings.wanted.folder, settings.wanted)

    def observe(self, image: NDArray[np.uint8], measures: Measures, *, onnx_sha256: str) -> None:
        """Count an answered photograph, and keep it if the settings have consent and the answer is doubtful.

        Args:
            image: uint8, HxWx3, RGB, upright.
            measures: of the image and its answer.
            onnx_sha256: the model that answered.
        """
        self.counts.observe(measures, onnx_sha256=onnx_sha256)
        self._wanted.offer(image, measures)
