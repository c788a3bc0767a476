"""What a service keeps of the images that it answered: counts by day and model, in one small file."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from wms.core.errors import Code, InputError, StorageError
from wms.core.files import read_record, write_record
from wms.core.records.drift import Counts, DayCounts, ServiceCounts, added, count
from wms.core.records.measures import Measures

COUNTS_FILE = "counts.json"

log = logging.getLogger(__name__)


@contextlib.contextmanager
def counting_alone(folder: Path) -> Iterator[None]:
    """Hold the folder of a service's counts, which two services would overwrite for each other.

    The operating system releases it when the process ends. A folder that cannot be written needs no holding.

    Raises:
        InputError: another service holds it.
    """
    with contextlib.ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(folder / "counts.lock", timeout=0))
        except Timeout as error:
            raise InputError(
                f"another service counts in {folder}",
                Code.BUSY,
                remedy="Give each service a folder of its own with --state DIR, or end the other one.",
            ) from error
        except OSError as error:
            log.warning("counts are not stored: %s", error)
        yield


class DriftCounts:
    """The counts of one service, kept over restarts. It may be used from several threads at once.

    Args:
        folder: for the file; one process at a time may use it (`counting_alone`).
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
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._new: dict[tuple[date, str], list[Measures]] = defaultdict(list)
        self._kept = read_record(self._file, ServiceCounts) if self._file.is_file() else ServiceCounts()
        if not self._kept.has_these_bins:
            log.warning("%s was counted in other bins by another version; counting starts anew", self._file)
            self._kept = ServiceCounts()
        self._written = clock()

    def observe(self, measures: Measures, *, onnx_sha256: str) -> None:
        """Count one answered image, in microseconds: the file is written by a thread of its own.

        Args:
            measures: of the image and its answer.
            onnx_sha256: the model that answered.
        """
        with self._lock:
            now = self._clock()
            self._new[now.astimezone(UTC).date(), onnx_sha256].append(measures)
            due = now - self._written >= self._interval
            if due:
                self._written = now
        if due:
            threading.Thread(target=self.write).start()

    def counts(self) -> ServiceCounts:
        """Everything that was counted up to now."""
        with self._lock:
            return self._merged()

    def write(self) -> None:
        """Write the file now, as at the end of the service; a full disk is logged, and is no error."""
        with self._writing:
            try:
                write_record(self._file, self.counts())
            except StorageError as error:
                log.warning("counts are not stored: %s", error)

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
