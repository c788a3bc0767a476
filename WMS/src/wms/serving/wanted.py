"""Photographs that a model is least sure of, kept for labelling where those who send them agreed."""

from __future__ import annotations

import hashlib
import io
import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from math import ceil
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
    """A kept photograph; `confidence` is the Dice that the model expected of its mask, in 0..1.

    It is 0 where the model found no window.
    """

    file: Path
    confidence: float
    bytes: int
    kept_at: datetime


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
        """Keep an answered image if its answer was doubtful. What stops it is logged, and is no error.

        Such as a full disk, or more than the 65,500 pixels that a side of a JPEG may have.

        Args:
            image: uint8, HxWx3, RGB, upright.
            measures: of the image and its answer.
        """
        settings = self._settings
        if not settings.consent or measures.confidence >= settings.below_confidence:
            return
        try:
            encoded = io.BytesIO()
            Image.fromarray(image).save(encoded, format="JPEG", quality=QUALITY)
            self._keep(encoded.getvalue(), measures.confidence)
        except (OSError, StorageError) as error:
            log.warning("a doubtful photograph is not kept: %s", error)

    def _keep(self, data: bytes, confidence: float) -> None:
        with self._lock:
            kept = wanted_images(self._folder)
            digest = hashlib.sha256(data).hexdigest()[:16]
            if any(digest in each.file.name for each in kept):
                return
            file = self._folder / f"{round(confidence * 10_000):05d}-{digest}.jpg"
            new = WantedImage(file=file, confidence=confidence, bytes=len(data), kept_at=datetime.now(UTC))
            stay = _chosen([*kept, new], self._settings)
            for each in kept:
                if each not in stay:
                    each.file.unlink(missing_ok=True)
            if new in stay:
                write_bytes(file, data)


def wanted_images(folder: Path) -> tuple[WantedImage, ...]:
    """The kept photographs, the most doubtful first; none where there is no folder."""
    return tuple(
        WantedImage(
            file=path,
            confidence=int(path.name[:5]) / 10_000,
            bytes=path.stat().st_size,
            kept_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        )
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9][0-9]-*.jpg"))
    )


def _chosen(images: Iterable[WantedImage], settings: WantedSettings) -> list[WantedImage]:
    """Those that may stay: the most doubtful, and of equal ones the newest.

    Those without a window get a quarter of the room: most show no meter, and they would fill it for good.
    """
    ordered = sorted(images, key=lambda each: (each.confidence, -each.kept_at.timestamp()))
    blank = [each for each in ordered if each.confidence == 0.0]
    some = _within(blank, max_images=ceil(settings.max_images / 4), max_mib=settings.max_mib / 4)
    others = ordered[len(blank) :]
    return _within([*some, *others], max_images=settings.max_images, max_mib=settings.max_mib)


def _within(images: Sequence[WantedImage], *, max_images: int, max_mib: float) -> list[WantedImage]:
    """The first ones, as many as there is room for."""
    sizes = accumulate(each.bytes for each in images[:max_images])
    return [each for each, size in zip(images, sizes, strict=False) if size <= max_mib * 2**20]
