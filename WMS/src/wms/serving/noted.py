"""Each request in metrics and log: route, status and time."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import asdict, dataclass
from http import HTTPStatus

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wms.serving.answer import Refusal
from wms.serving.metrics import Metrics

log = logging.getLogger(__name__)

QUIET = {"/health", "/ready", "/metrics"}
"""Probes and scrapes are counted, not logged: they would be most of the log."""


@dataclass
class Notes:
    """What the endpoint adds to the line of a request."""

    images: int = 0
    refused: str | None = None
    megapixels: float = 0.0
    version: int | None = None


class Noted:
    """Middleware that counts and logs; the answer gets the request's number as `X-Request-ID`.

    A defect is logged and answered here, because Starlette's own handler answers outside of all middleware.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        number, began = uuid.uuid4().hex, time.perf_counter()
        begun, status = False, 500
        notes = scope["notes"] = Notes()

        async def noting(message: Message) -> None:
            nonlocal begun, status
            if message["type"] == "http.response.start":
                begun, status = True, message["status"]
                message["headers"] += [
                    (b"x-request-id", number.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            log.exception("a defect", extra={"fields": {"request_id": number}})
            if begun:
                raise  # So that the server closes the connection: the client sees a broken answer.
            refusal = Refusal(error=f"a defect of the service, {number} in its log", remedy="Report it.")
            answer = JSONResponse(refusal.model_dump(), HTTPStatus.INTERNAL_SERVER_ERROR)
            await answer(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - began
            # The template of the route: paths that anybody may invent must not become labels.
            route = getattr(scope.get("route"), "path", None) or ("page" if status < 400 else "none")
            self._metrics.requests.labels(route=route, status=str(status)).inc()
            self._metrics.latency_seconds.labels(route=route).observe(seconds)
            if route not in QUIET:
                fields = {
                    "request_id": number,
                    "method": scope["method"],
                    "route": route,
                    "status": status,
                    "seconds": round(seconds, 4),
                    **{name: value for name, value in asdict(notes).items() if value},
                }
                log.info("request", extra={"fields": fields})
