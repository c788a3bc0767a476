"""The service: one process, an event loop for requests, and a thread for each core that works on images."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from importlib.metadata import version as installed_version
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from wms.core.cores import usable_cores
from wms.core.settings.serve import ServeSettings
from wms.model.page import Served
from wms.serving.answer import Answer, Found, Refusal, RefusedError, RefusedImage, answering
from wms.serving.door import Door
from wms.serving.drift_api import router
from wms.serving.front import Front
from wms.serving.live import LiveModel, Loaded
from wms.serving.metrics import CONTENT_TYPE, Metrics
from wms.serving.noted import Noted, Notes
from wms.serving.openapi import PREDICT
from wms.serving.source import Source
from wms.serving.upload import declared_length, photographs, throw_away
from wms.serving.watch import Watch
from wms.serving.work import Done, PixelBudget, answer_image

PNG = "image/png"

Ended = Done | RefusedError


class Service:
    """What the endpoints share.

    Args:
        settings: the limits.
        source: names the model.
        api_key: what each request for masks must bring, or none.
        front: what `/` shows.
        watch: told about each answered image.
    """

    def __init__(
        self,
        settings: ServeSettings,
        source: Source,
        *,
        front: Front,
        watch: Watch,
        api_key: str | None = None,
    ) -> None:
        self.settings = settings
        self.front, self.watch = front, watch
        self.metrics = Metrics()
        self.live = LiveModel(source, self._show)
        workers = settings.workers or usable_cores()
        self.door = Door(settings, workers=workers, api_key=api_key)
        self.metrics.queue.set_function(lambda: self.door.places.taken)
        self._budget = PixelBudget(settings.megapixels_at_once * 10**6)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="image")

    def close(self) -> None:
        """End the threads; what has not begun is left undone."""
        self.live.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.watch.counts.write()

    async def require_key(self, request: Request) -> None:
        """Check the key of a request, and the rate of its client.

        Raises:
            RefusedError: no answer for it.
        """
        client = request.client.host if request.client else ""
        self.door.check(request.headers.get("x-api-key"), client)

    def require_model(self) -> Loaded:
        """The model in use.

        Raises:
            RefusedError: none is loaded yet.
        """
        if self.live.loaded is None:
            error = "the model is not loaded yet"
            raise RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE, "no_model", error, "Try again in 2 s.", retry_after_seconds=2
            )
        return self.live.loaded

    async def predict(self, request: Request) -> Response:
        """Answer the photographs of a request.

        Raises:
            RefusedError: the request, or its only image, gets no answer.
        """
        notes: Notes = request.scope["notes"]
        await self.require_key(request)
        loaded = self.require_model()
        notes.version = loaded.version
        with self.door.visit(declared_length(request, self.settings)) as visit:
            async with photographs(request, self.settings) as images:
                notes.images = len(images)
                visit.widen(len(images))
                as_png = _wants_png(request)
                if as_png and len(images) > 1:
                    error = "a PNG mask is the answer to one image only"
                    remedy = "Send one image, or ask for application/json."
                    raise RefusedError(HTTPStatus.NOT_ACCEPTABLE, "not_acceptable", error, remedy)
                ended = await self._all(
                    [partial(self._one, each.file, loaded, as_png) for each in images], notes
                )
        headers = {"X-Model-Digest": loaded.digest}
        if loaded.version is not None:
            headers["X-Model-Version"] = str(loaded.version)
        if isinstance(ended[0], RefusedError) and len(ended) == 1:
            notes.refused = ended[0].reason
            return _refusal(ended[0])
        if isinstance(ended[0], Done) and isinstance(ended[0].answer, bytes):
            return Response(ended[0].answer, media_type=PNG, headers=headers)
        answer = Answer(model=answering(loaded), images=tuple(map(_entry, range(1, len(ended) + 1), ended)))
        return Response(answer.model_dump_json(), media_type="application/json", headers=headers)

    async def _all(
        self, works: list[partial[Done | RefusedError]], notes: Notes
    ) -> list[Done | RefusedError]:
        """Work on all images of a request, as threads become free.

        Raises:
            RefusedError: the answer takes too long.
        """
        loop, given_up = asyncio.get_running_loop(), threading.Event()
        futures = [
            loop.run_in_executor(self._pool, work, index, given_up)
            for index, work in enumerate(works, start=1)
        ]
        try:
            async with asyncio.timeout(self.settings.answer_seconds):
                ended = await asyncio.gather(*futures)
        except TimeoutError as error:
            given_up.set()
            raise self.door.late() from error
        for each in ended:
            if isinstance(each, RefusedError):
                self.metrics.refusals.labels(reason=each.reason).inc()
            else:
                self.metrics.observe(each.measures)
                notes.megapixels += each.megapixels
        return ended

    def _one(self, file: Any, loaded: Loaded, as_png: bool, index: int, given_up: threading.Event) -> Ended:
        began = time.perf_counter()
        try:
            return answer_image(
                file,
                index,
                loaded=loaded,
                settings=self.settings,
                budget=self._budget,
                watch=self.watch,
                given_up=given_up,
                as_png=as_png,
            )
        except RefusedError as refused:
            return refused
        finally:
            self.door.note(time.perf_counter() - began)

    def _show(self, loaded: Loaded) -> None:
        self.front.show(loaded)
        self.metrics.show_model(version=loaded.version, digest=loaded.digest)


def make_app(service: Service) -> FastAPI:
    """The application: the endpoints of a service, and the page at `/`.

    Args:
        service: may have no model yet; then `/ready` says so.
    """

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        service.live.follow(service.settings.poll_seconds)
        yield
        service.close()

    app = FastAPI(
        title="Water meters: the register window",
        summary="Marks the register window in photographs of water meters.",
        version=installed_version("water-meter-segmentation"),
        lifespan=running,
    )

    @app.post("/v1/predict", **PREDICT)
    async def predict(request: Request) -> Response:
        """The register window in one or several photographs, as its shape (JSON) or as a mask (PNG)."""
        return await service.predict(request)

    @app.get("/health", summary="Whether the process answers.")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/ready", summary="Whether a model is loaded.", responses={503: {"model": Refusal}})
    async def ready() -> dict[str, str]:
        service.require_model()
        return {"status": "ready"}

    @app.get("/version", summary="The model and the code that run.", responses={503: {"model": Refusal}})
    async def version() -> Served:
        loaded = service.require_model()
        return Served(version=loaded.version, digest=loaded.digest, wms=app.version)

    @app.get("/metrics", summary="Metrics for Prometheus.", response_class=Response)
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    app.include_router(router(service.watch.counts), dependencies=[Depends(service.require_key)])

    @app.exception_handler(RefusedError)
    async def refuse(request: Request, refused: RefusedError) -> Response:
        service.metrics.refusals.labels(reason=refused.reason).inc()
        request.scope["notes"].refused = refused.reason
        await throw_away(request)
        return _refusal(refused)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        refusal = Refusal(error=f"{error.detail}: {request.method} {request.url.path}", remedy="See /docs.")
        return JSONResponse(refusal.model_dump(), error.status_code, error.headers)

    app.mount("/", service.front)
    app.add_middleware(Noted, metrics=service.metrics)
    return app


def _refusal(refused: RefusedError) -> Response:
    wait = refused.retry_after_seconds
    headers = {"Retry-After": str(wait)} if wait is not None else None
    return JSONResponse(refused.refusal.model_dump(), refused.status, headers)


def _wants_png(request: Request) -> bool:
    """Whether the header `Accept` names PNG and not JSON."""
    accepted = request.headers.get("accept", "").lower()
    return PNG in accepted and "application/json" not in accepted


def _entry(index: int, ended: Ended) -> Found | RefusedImage:
    """An image's part of the answer."""
    if isinstance(ended, RefusedError):
        return RefusedImage(index=index, **ended.refusal.model_dump())
    assert isinstance(ended.answer, Found)  # noqa: S101 - masks are answered alone
    return ended.answer
