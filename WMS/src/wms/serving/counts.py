"""What a service keeps of the images that it answered: counts by day and model, in one small file."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from wms.core.errors import StorageError
from wms.core.files import read_record, write_record
from wms.core.records.drift import Counts, DayCounts, ServiceCounts, added, count
from wms.core.records.measures import Measures

COUNTS_FILE = "counts.json"

log = logging.getLogger(__name__)


class DriftCounts:
    """The counts of one service, kept over restarts. It may be used from several threads at once.

    Args:
        folder: for the file; one process at a time may use it.
        keep_days: older days are dropped.
        write_seconds: the file is at most this much older than the last image, while images come.
        clock: returns the time with its zone.

    Raises:
        RecordError: the folder has another file of this name.
    """

    def __init__(
        self, folder: Path, *, keep_days: int, write_seconds: float, clock: Callable[[], datetime]
    ) -> None:
        self._file, self._keep, self._clock = folder / COUNTS_FILE, timedelta(days=keep_days), clock
        self._interval = timedelta(seconds=write_seconds)
        self._lock = threading.Lock()
        self._new: dict[tuple[date, str], list[Measures]] = defaultdict(list)
        self._kept = read_record(self._file, ServiceCounts) if self._file.is_file() else ServiceCounts()
        if not self._kept.has_these_bins:
            log.warning("%s was counted in other bins by another version; counting starts anew", self._file)
            self._kept = ServiceCounts()
        self._written = clock()

    def observe(self, measures: Measures, *, onnx_sha256: str) -> None:
        """Count one answered image; a full disk is logged, and is no error.

        Args:
            measures: of the image and its answer.
            onnx_sha256: the model that answered.
        """
        with self._lock:
            now = self._clock()
            self._new[now.astimezone(UTC).date(), onnx_sha256].append(measures)
            if now - self._written >= self._interval:
                self._write(now)

    def counts(self) -> ServiceCounts:
        """Everything that was counted up to now."""
        with self._lock:
            return self._merged()

    def write(self) -> None:
        """Write the file now, as at the end of the service."""
        with self._lock:
            self._write(self._clock())

    def _merged(self) -> ServiceCounts:
        """The kept counts with the new ones; empties the new ones."""
        if self._new:
            oldest = self._clock().astimezone(UTC).date() - self._keep
            days = {(each.day, each.onnx_sha256): each for each in self._kept.days if each.day > oldest}
            for (day, onnx_sha256), measured in self._new.items():
                before = days.get((day, onnx_sha256))
                counts: Counts = added([count(measured), *([before.counts] if before else ())])
                images = len(measured) + (before.images if before else 0)
                days[day, onnx_sha256] = DayCounts(
                    day=day, onnx_sha256=onnx_sha256, images=images, counts=counts
                )
            self._new.clear()
            self._kept = ServiceCounts(days=tuple(days[key] for key in sorted(days)))
        return self._kept

    def _write(self, now: datetime) -> None:
        self._written = now
        try:
            write_record(self._file, self._merged())
        except StorageError as error:
            log.warning("counts are not stored: %s", error)
