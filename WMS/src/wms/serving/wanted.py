"""Photographs that a model is least sure of, kept for labelling where those who send them agreed."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.core.errors import StorageError
from wms.core.files import write_bytes
from wms.core.records.base import Frozen
from wms.core.records.measures import Measures
from wms.core.settings.drift import WantedSettings

QUALITY = 95
log = logging.getLogger(__name__)


class WantedImage(Frozen):
    """A kept photograph; `confidence` is the Dice that the model expected of its mask, in 0..1."""

    file: Path
    confidence: float
    bytes: int


class Wanted:
    """A folder of photographs that never holds more than its settings allow. For several threads.

    A file is named by confidence and content, so that the folder itself is the list. Photographs are written
    anew, without what a camera adds (place, time, owner).

    Args:
        folder: for the photographs; nothing else is in it.
        settings: without `consent` nothing is kept.
    """

    def __init__(self, folder: Path, settings: WantedSettings) -> None:
        self._folder, self._settings, self._lock = folder, settings, threading.Lock()

    def offer(self, image: NDArray[np.uint8], measures: Measures) -> None:
        """Keep an answered image if its answer was doubtful; a full disk is logged, and is no error.

        Args:
            image: uint8, HxWx3, RGB, upright.
            measures: of the image and its answer.
        """
        settings = self._settings
        if not settings.consent or measures.confidence >= settings.below_confidence:
            return
        encoded = io.BytesIO()
        Image.fromarray(image).save(encoded, format="JPEG", quality=QUALITY)
        data = encoded.getvalue()
        with self._lock:
            kept = wanted_images(self._folder)
            digest = hashlib.sha256(data).hexdigest()[:16]
            if any(digest in each.file.name for each in kept):
                return
            new = self._folder / f"{round(measures.confidence * 10_000):05d}-{digest}.jpg"
            surest = [*kept, WantedImage(file=new, confidence=measures.confidence, bytes=len(data))]
            surest.sort(key=lambda each: each.confidence)
            while len(surest) > settings.max_images or _mib(surest) > settings.max_mib:
                surest.pop().file.unlink(missing_ok=True)
            if any(each.file == new for each in surest):
                try:
                    write_bytes(new, data)
                except StorageError as error:
                    log.warning("a doubtful photograph is not kept: %s", error)


def wanted_images(folder: Path) -> tuple[WantedImage, ...]:
    """The kept photographs, the most doubtful first; none where there is no folder."""
    return tuple(
        WantedImage(file=path, confidence=int(path.name[:5]) / 10_000, bytes=path.stat().st_size)
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9]-*.jpg"))
    )


def _mib(images: Sequence[WantedImage]) -> float:
    return sum(each.bytes for each in images) / 2**20
