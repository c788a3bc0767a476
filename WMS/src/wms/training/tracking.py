"""Training metrics on their way to the tracking server, which may be slow, away or broken.

Every epoch goes to a spool file first. A thread of its own sends what is new, in one request an
epoch at most; training neither waits for it nor fails by it. What the server did not take by the end
stays in the spool, and `flush_spool` sends it later.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from pydantic import NonNegativeInt

from wms.cloud.without_registry import tracking_registry, unregistered_because
from wms.core.context import Context
from wms.core.errors import RecordError, RegistryError, StorageError
from wms.core.files import read_record, write_bytes, write_record
from wms.core.ports import Metric, Registry, RunStatus
from wms.core.records.base import Record
from wms.core.records.training import EpochMetrics, TrainResult

log = logging.getLogger(__name__)

SPOOL_FILE, STATE_FILE = "metrics.jsonl", "tracking.json"
EVIDENCE_FOLDER = "evidence"
UNTRACKED = "untracked-"
"""Starts the run ID of a training that the server never heard of."""

ATTEMPTS, FIRST_PAUSE_SECONDS = 3, 1.0
"""Tries to deliver the rest at the end, pauses doubling; an epoch's own delivery is tried once."""

EPOCHS_PER_REQUEST = 100
"""MLflow takes at most 1,000 values in a request; an epoch has seven."""


class TrackingState(Record):
    """How much of a training the server has; `run_id` is empty until it opened a run."""

    run_name: str
    params: dict[str, str]
    tags: dict[str, str]
    run_id: str = ""
    epochs_sent: NonNegativeInt = 0
    status: RunStatus | None = None
    closed: bool = False


class Delivery:
    """Sends a run folder's spool, remembering in that folder what the server has taken."""

    def __init__(self, out: Path, registry: Registry) -> None:
        self._out, self._registry = out, registry
        self._given_up = threading.Event()
        self._noting = threading.Lock()
        self.state = read_record(out / STATE_FILE, TrackingState)

    def reopen(self) -> None:
        """Take up a training that was stopped: its run goes on and is closed at the new end."""
        self._note(status=None, closed=False)

    def give_up(self) -> None:
        """Send and remember nothing more from here: another delivery takes over the folder."""
        with self._noting:
            self._given_up.set()

    def close(self, status: RunStatus) -> None:
        """Send the rest, once, and close the run.

        Raises:
            RegistryError: the server did not take it; what it took is remembered.
        """
        if self.state.status != status:
            self._note(status=status, closed=False)
        self.send()

    def send(self) -> None:
        """Send everything that the server does not have yet.

        Raises:
            RegistryError: it did not take it; what it took is remembered.
        """
        if not self.state.run_id:
            state = self.state
            self._note(run_id=self._registry.start_run(state.run_name, params=state.params, tags=state.tags))
        spooled = read_spool(self._out)
        while self.state.epochs_sent < len(spooled):
            batch = spooled[self.state.epochs_sent : self.state.epochs_sent + EPOCHS_PER_REQUEST]
            self._registry.log_metrics(self.state.run_id, [metric for epoch in batch for metric in epoch])
            self._note(epochs_sent=self.state.epochs_sent + len(batch))
        if self.state.status is not None and not self.state.closed:
            evidence = self._out / EVIDENCE_FOLDER
            if evidence.is_dir():
                self._registry.log_files(self.state.run_id, evidence, under=EVIDENCE_FOLDER)
            self._registry.end_run(self.state.run_id, self.state.status)
            self._note(closed=True)

    def finish(self, status: RunStatus) -> None:
        """Send the rest, with a few tries, and close the run; see `state.closed` for the outcome."""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            if self._given_up.is_set():
                return
            try:
                self.close(status)
            except (RegistryError, RecordError, StorageError) as error:
                log.warning("the rest was not delivered (try %d): %s", attempt + 1, error)
            else:
                return

    def _note(self, **changes: object) -> None:
        with self._noting:
            if self._given_up.is_set():
                raise RegistryError("the tracking server answered too late; another delivery goes on")
            self.state = self.state.model_copy(update=changes)
            write_record(self._out / STATE_FILE, self.state)


class Tracker:
    """Takes a training's epochs and delivers them from a thread of its own.

    Args:
        out: the run folder; a spool that lies there already is continued.
        registry: the tracking server.
        run_name: the run's name there.
        params: the settings, as text.
        tags: provenance and environment, as text.
    """

    def __init__(
        self,
        *,
        out: Path,
        registry: Registry,
        run_name: str,
        params: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> None:
        _drop_torn_line(out / SPOOL_FILE)
        known = (out / STATE_FILE).is_file()
        if not known:
            state = TrackingState(run_name=run_name, params=dict(params), tags=dict(tags))
            write_record(out / STATE_FILE, state)
        self._spool = out / SPOOL_FILE
        self._delivery = Delivery(out, registry)
        if known:
            self._delivery.reopen()
        self._spooled = len(read_spool(out))
        self._news = threading.Event()
        self._status: RunStatus | None = None
        # A daemon: a server that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._news.set()
        self._thread.start()

    @property
    def run_id(self) -> str:
        """The server's run ID, or one that says that it has none."""
        return self._delivery.state.run_id or f"{UNTRACKED}{self._delivery.state.run_name}"

    def epoch(self, metrics: EpochMetrics) -> None:
        """Spool an epoch; one that is spooled already, from before a kill, is not spooled again.

        Raises:
            StorageError: the spool cannot be written.
        """
        if metrics.epoch < self._spooled:
            return
        line = json.dumps({"timestamp_ms": int(time.time() * 1000), **metrics.model_dump()})
        try:
            with self._spool.open("a", encoding="utf-8") as spool:
                spool.write(f"{line}\n")
        except OSError as error:
            raise StorageError(f"{self._spool} cannot be written: {error.strerror}") from error
        self._spooled += 1
        self._news.set()

    def finish(self, status: RunStatus, *, wait_seconds: float) -> bool:
        """Deliver the rest and close the run, in `wait_seconds` at most.

        Returns:
            whether the server has everything.
        """
        self._status = status
        self._news.set()
        self._thread.join(wait_seconds)
        # The thread may hang in a request for minutes; the spool is then whoever's comes next.
        self._delivery.give_up()
        return self._delivery.state.closed

    def _work(self) -> None:
        while self._status is None:
            self._news.wait()
            self._news.clear()
            if self._status is not None:
                break
            try:
                self._delivery.send()
            except (RegistryError, RecordError, StorageError) as error:
                log.warning("an epoch was not delivered; it stays in the spool: %s", error)
        self._delivery.finish(self._status)


def finish_tracking(ctx: Context) -> None:
    """Send what the tracking server missed of a training whose candidate is registered already."""
    layout = ctx.layout
    if layout.record("candidate").is_file():
        deliver_tracking(ctx, read_record(layout.record("train"), TrainResult))


def deliver_tracking(ctx: Context, result: TrainResult) -> TrainResult:
    """Send what the tracking server missed of a training, and write down what it has now.

    Raises:
        RegistryError: the server still knows nothing of this training.
    """
    if result.tracking_complete:
        return result
    registry = tracking_registry(ctx, reason=unregistered_because(ctx))
    delivered = flush_spool(result, out=ctx.layout.run, registry=registry)
    write_record(ctx.layout.record("train"), delivered)
    return delivered


def flush_spool(result: TrainResult, *, out: Path, registry: Registry) -> TrainResult:
    """Deliver what a finished training could not, tried once, and return its record as it is now.

    A run that the server opened and has a part of keeps its ID; `tracking_complete` tells the rest.

    Args:
        result: the training's record.
        out: its run folder.
        registry: the tracking server.

    Raises:
        RecordError: the folder holds no tracked training.
        RegistryError: the server still knows nothing of this training.
    """
    delivery = Delivery(out, registry)
    try:
        delivery.close("finished")
    except RegistryError as error:
        if not delivery.state.run_id:
            raise
        log.warning("the tracking server did not take the rest: %s", error)
    return result.model_copy(
        update={"run_id": delivery.state.run_id, "tracking_complete": delivery.state.closed}
    )


def read_spool(out: Path) -> list[list[Metric]]:
    """The spooled epochs, in order, each with its metrics.

    Raises:
        RecordError: a line is damaged.
    """
    path = out / SPOOL_FILE
    if not path.is_file():
        return []
    whole, _, _torn = path.read_text(encoding="utf-8").rpartition("\n")
    epochs: list[list[Metric]] = []
    for line in whole.splitlines():
        try:
            values = json.loads(line)
            stamp, step = values.pop("timestamp_ms"), values.pop("epoch")
        except (ValueError, KeyError, AttributeError) as error:
            raise RecordError(f"{path}, line {len(epochs) + 1}, is no epoch's metrics: {error}") from error
        epochs.append(
            [Metric(name=k, value=float(v), step=step, timestamp_ms=stamp) for k, v in values.items()]
        )
    return epochs


def _drop_torn_line(spool: Path) -> None:
    """Remove a last line that a kill cut off, so that the next one does not continue it."""
    if spool.is_file():
        whole, newline, torn = spool.read_bytes().rpartition(b"\n")
        if torn:
            write_bytes(spool, whole + newline)
