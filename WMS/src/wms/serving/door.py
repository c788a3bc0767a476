"""Who may come in, and how many at once: API key, rate of each client, places in the queue."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from wms.core.settings.serve import MIB, ServeSettings
from wms.core.words import counted
from wms.serving.answer import RefusedError

CLIENTS = 10_000
"""How many clients' rates are remembered: some 2 MB."""

LONGEST_WAIT_SECONDS = 60


class Rate:
    """Limits requests by the generic cell rate algorithm (ITU-T I.371), which keeps one number a client."""

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 60.0 / per_minute
        self._slack = self._interval * (burst - 1)
        self._clock = clock
        self._due: dict[str, float] = {}

    def wait_seconds(self, client: str) -> float:
        """Count a request of a client, and return 0; or how long the client has to wait first."""
        now = self._clock()
        due = max(self._due.get(client, now), now)
        if due - now > self._slack:
            return due - now - self._slack
        if len(self._due) >= CLIENTS:
            self._due = {known: at for known, at in self._due.items() if at > now}
        if client in self._due or len(self._due) < CLIENTS:
            self._due[client] = due + self._interval
        return 0.0


class Places:
    """A number of places, of which some are taken; used in the event loop only."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    def take(self, count: int) -> bool:
        """Take places if that many are free."""
        if self.taken + count > self.most:
            return False
        self.taken += count
        return True

    def give(self, count: int) -> None:
        """Give places back."""
        self.taken -= count


class Visit:
    """The places of one request: one for its first image, and those of the others once they are counted."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.images = 1

    def widen(self, images: int) -> None:
        """Take the places of all images of the request.

        Raises:
            RefusedError: the queue has not so many.
        """
        self._door.require_places(images - self.images)
        self.images = images


class Door:
    """Lets requests in.

    Args:
        settings: the limits.
        workers: how many images are in work at once, for the estimate of the wait.
        api_key: what each request must bring, or none.
    """

    def __init__(self, settings: ServeSettings, *, workers: int, api_key: str | None) -> None:
        self._settings = settings
        self._workers = workers
        self._key = api_key
        self._rate = Rate(settings.requests_per_minute, settings.burst)
        self._uploads = Places(settings.uploads_mib)
        self.places = Places(settings.queue)
        self._image_seconds = 0.1

    def check(self, key: str | None, client: str) -> None:
        """Check the API key and the client's rate.

        Raises:
            RefusedError: the key is missing or wrong, or too many requests.
        """
        if self._key is not None and not hmac.compare_digest((key or "").encode(), self._key.encode()):
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "unauthorized",
                "the API key is missing or wrong",
                "Send the key in the header X-API-Key.",
            )
        wait = math.ceil(self._rate.wait_seconds(client))
        if wait:
            most = self._settings.requests_per_minute
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                "rate",
                f"more than {most:g} requests in a minute came from this address",
                f"Send the next one in {wait} s.",
                retry_after_seconds=wait,
            )

    @contextmanager
    def visit(self, length_bytes: int | None) -> Iterator[Visit]:
        """The places of a request, given back at the end.

        Args:
            length_bytes: what the request says of its length; none for one sent in chunks.

        Raises:
            RefusedError: the queue is full, or too many uploads are on their way.
        """
        most = self._settings.max_request_mib
        mib = most if length_bytes is None else min(most, length_bytes // MIB + 1)
        self.require_places(1)
        visit = Visit(self)
        try:
            if not self._uploads.take(mib):
                raise self._full(f"{self._uploads.taken} MiB of uploads are on their way already")
            try:
                yield visit
            finally:
                self._uploads.give(mib)
        finally:
            self.places.give(visit.images)

    def require_places(self, count: int) -> None:
        """Take places in the queue.

        Raises:
            RefusedError: so many are not free.
        """
        if not self.places.take(count):
            raise self._full(
                f"the queue is full: {counted(self.places.taken, 'image')} of {self.places.most}"
            )

    def note(self, seconds: float) -> None:
        """Remember how long an image was in work; recent ones count most."""
        self._image_seconds += 0.1 * (seconds - self._image_seconds)

    def late(self) -> RefusedError:
        """The refusal of a request whose answer took too long."""
        limit = self._settings.answer_seconds
        return self._full(f"the answer took more than {limit:g} s", reason="too_slow")

    def _full(self, error: str, *, reason: str = "queue_full") -> RefusedError:
        waiting = self.places.taken * self._image_seconds / self._workers
        wait = min(max(1, math.ceil(waiting)), LONGEST_WAIT_SECONDS)
        return RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            reason,
            error,
            f"Send the request again in {wait} s.",
            retry_after_seconds=wait,
        )
