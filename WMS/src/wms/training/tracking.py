"""Metrics for the tracking server, which may be slow, away or broken.

A thread sends each epoch in at most one request; training neither waits for it nor fails by it. The epochs
themselves are kept by the checkpoint and later by the training's record. What the server took is remembered
in the run folder, so the rest can be sent when the training resumes, or after it ended by `deliver_rest`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from pydantic import Field, NonNegativeInt

from wms.cloud.without_registry import tracking_registry, unregistered_because
from wms.core.context import Context
from wms.core.errors import RecordError, RegistryError, StorageError
from wms.core.files import read_record, write_record
from wms.core.ports import Metric, Registry, RunStatus
from wms.core.records.base import Record
from wms.core.records.training import EpochMetrics, Provenance, TrainResult

log = logging.getLogger(__name__)

STATE_FILE = "tracking.json"
EVIDENCE_FOLDER = "evidence"
UNTRACKED = "untracked-"
"""Prefix of the run ID of a training that the server does not know."""

ATTEMPTS, FIRST_PAUSE_SECONDS = 3, 1.0
"""Attempts at the end of a training, with doubling pauses; after an epoch there is only one."""

EPOCHS_PER_REQUEST = 100
"""MLflow takes at most 1,000 values in a request; an epoch has seven."""


def _now_ms() -> int:
    return int(time.time() * 1000)


class TrackingState(Record):
    """How much of a training the server has; `run_id` is empty until the server opened a run.

    `started_ms` is Unix time in milliseconds.
    """

    run_name: str
    params: dict[str, str]
    tags: dict[str, str]
    started_ms: NonNegativeInt = Field(default_factory=_now_ms)
    run_id: str = ""
    epochs_sent: NonNegativeInt = 0
    status: RunStatus | None = None
    closed: bool = False


class Delivery:
    """Sends a training's epochs and remembers in the run folder what the server has taken."""

    def __init__(self, out: Path, registry: Registry) -> None:
        self._out, self._registry = out, registry
        self._given_up = threading.Event()
        self._noting = threading.Lock()
        self.state = read_record(out / STATE_FILE, TrackingState)

    def reopen(self) -> None:
        """Continue the run of a training that was stopped."""
        self._note(status=None, closed=False)

    def give_up(self) -> None:
        """Send and remember nothing more: another delivery takes over the folder."""
        with self._noting:
            self._given_up.set()

    def send(self, epochs: Sequence[EpochMetrics]) -> None:
        """Send what the server does not have yet.

        Raises:
            RegistryError: the server did not take it; what it took is remembered.
        """
        if not self.state.run_id:
            state = self.state
            self._note(run_id=self._registry.start_run(state.run_name, params=state.params, tags=state.tags))
        metrics = _metrics(epochs, started_ms=self.state.started_ms)
        while self.state.epochs_sent < len(metrics):
            batch = metrics[self.state.epochs_sent : self.state.epochs_sent + EPOCHS_PER_REQUEST]
            self._registry.log_metrics(self.state.run_id, [metric for epoch in batch for metric in epoch])
            self._note(epochs_sent=self.state.epochs_sent + len(batch))

    def close(self, epochs: Sequence[EpochMetrics], status: RunStatus) -> None:
        """Send the rest and the evidence, and close the run.

        Raises:
            RegistryError: the server did not take it; what it took is remembered.
        """
        if self.state.status != status:
            self._note(status=status, closed=False)
        self.send(epochs)
        if not self.state.closed:
            evidence = self._out / EVIDENCE_FOLDER
            if evidence.is_dir():
                self._registry.log_files(self.state.run_id, evidence, under=EVIDENCE_FOLDER)
            self._registry.end_run(self.state.run_id, status)
            self._note(closed=True)

    def try_to_close(self, epochs: Sequence[EpochMetrics], status: RunStatus) -> None:
        """Close the run in a few attempts; `state.closed` tells the outcome."""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
            if self._given_up.is_set():
                return
            try:
                self.close(epochs, status)
            except (RegistryError, RecordError, StorageError) as error:
                log.warning("the tracking server did not take the rest (attempt %d): %s", attempt + 1, error)
            else:
                return

    def _note(self, **changes: object) -> None:
        with self._noting:
            if self._given_up.is_set():
                raise RegistryError("the tracking server answered too late; another delivery continues")
            self.state = self.state.model_copy(update=changes)
            write_record(self._out / STATE_FILE, self.state)


class Tracker:
    """Sends a training's epochs in a separate thread.

    Args:
        out: the run folder; if a training there was stopped, its run on the server continues.
        registry: the tracking server.
        run_name: the run's name on the server.
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
        known = (out / STATE_FILE).is_file()
        if not known:
            state = TrackingState(run_name=run_name, params=dict(params), tags=dict(tags))
            write_record(out / STATE_FILE, state)
        self._delivery = Delivery(out, registry)
        if known:
            self._delivery.reopen()
        self._epochs: Sequence[EpochMetrics] = ()
        self._news = threading.Event()
        self._status: RunStatus | None = None
        # A daemon: a server that never answers must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._news.set()
        self._thread.start()

    @property
    def run_id(self) -> str:
        """The server's run ID, or `untracked-` and the run's name if the server opened no run."""
        return self._delivery.state.run_id or f"{UNTRACKED}{self._delivery.state.run_name}"

    def track(self, epochs: Sequence[EpochMetrics]) -> None:
        """Take all finished epochs, from the first one on; returns at once."""
        self._epochs = epochs
        self._news.set()

    def finish(self, status: RunStatus, *, wait_seconds: float) -> bool:
        """Send the rest and close the run, in `wait_seconds` at most.

        Returns:
            whether the server has everything.
        """
        self._status = status
        self._news.set()
        self._thread.join(wait_seconds)
        # The thread may hang in a request for minutes. From here on the next delivery is in charge.
        self._delivery.give_up()
        return self._delivery.state.closed

    def _work(self) -> None:
        while self._status is None:
            self._news.wait()
            self._news.clear()
            if self._status is not None:
                break
            try:
                self._delivery.send(self._epochs)
            except (RegistryError, RecordError, StorageError) as error:
                log.warning("the tracking server did not take an epoch; it is sent later: %s", error)
        self._delivery.try_to_close(self._epochs, self._status)


def finish_tracking(ctx: Context) -> None:
    """Send what the tracking server missed of a training whose candidate is registered already."""
    layout = ctx.layout
    if layout.record("candidate").is_file():
        deliver_tracking(ctx, read_record(layout.record("train"), TrainResult))


def deliver_tracking(ctx: Context, result: TrainResult) -> TrainResult:
    """Send what the tracking server missed of a training, and store in the record what it has now.

    Raises:
        RegistryError: the server still knows nothing of this training.
    """
    if result.tracking_complete:
        return result
    registry = tracking_registry(ctx, reason=unregistered_because(ctx))
    delivered = deliver_rest(result, out=ctx.layout.run, registry=registry)
    write_record(ctx.layout.record("train"), delivered)
    return delivered


def track_again(ctx: Context, result: TrainResult) -> TrainResult:
    """Give the registry a new run with all of a finished training, tagged with the ID of the earlier run.

    Raises:
        RegistryError: the server opened no run.
    """
    tags = provenance_tags(result.provenance)
    state = TrackingState(
        run_name=ctx.request.run_id,
        params={},
        tags={**tags, "adopted_from": result.run_id},
        started_ms=int(1000 * ctx.request.started_at.timestamp()),
    )
    write_record(ctx.layout.run / STATE_FILE, state)
    return deliver_rest(result, out=ctx.layout.run, registry=ctx.ports.registry)


def deliver_rest(result: TrainResult, *, out: Path, registry: Registry) -> TrainResult:
    """Send, in one attempt, what the server missed of a finished training; return the updated record.

    `out` is its run folder. `tracking_complete` stays false if the server takes only a part.

    Raises:
        RecordError: the folder holds no tracked training.
        RegistryError: the server still knows nothing of this training.
    """
    delivery = Delivery(out, registry)
    try:
        delivery.close(result.epochs, "finished")
    except RegistryError as error:
        if not delivery.state.run_id:
            raise
        log.warning("the tracking server did not take the rest: %s", error)
    return result.model_copy(
        update={"run_id": delivery.state.run_id, "tracking_complete": delivery.state.closed}
    )


def _metrics(epochs: Sequence[EpochMetrics], *, started_ms: int) -> list[list[Metric]]:
    """Each epoch's values, timed by the seconds that the training has taken until its end."""
    return [
        [
            Metric(name=name, value=float(value), step=epoch.epoch, timestamp_ms=started_ms + int(1000 * end))
            for name, value in epoch.model_dump(exclude={"epoch"}).items()
        ]
        for epoch, end in zip(epochs, accumulate(epoch.seconds for epoch in epochs), strict=True)
    ]


def provenance_tags(provenance: Provenance) -> dict[str, str]:
    """What determined a training, as flat text; `start.…` is where its first weights come from."""
    values = provenance.model_dump(exclude={"start"})
    start = provenance.start.model_dump(exclude_none=True) if provenance.start else {}
    values |= {f"start.{name}": value for name, value in start.items()}
    return {name: str(value) for name, value in values.items()}
