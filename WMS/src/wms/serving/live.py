"""The model in use, exchanged without a lost request when the source names another one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wms.core.errors import WmsError
from wms.model.bundle import Predictor, load_bundle
from wms.serving.source import Source

log = logging.getLogger(__name__)

PROBE = np.full((64, 64, 3), 128, dtype=np.uint8)
"""A grey image: a model that cannot answer it is not put into use."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A model that answers, and its version if it has one."""

    version: int | None
    identity: str
    folder: Path
    predictor: Predictor

    @property
    def digest(self) -> str:
        """SHA-256 of the graph."""
        return self.predictor.card.onnx_sha256


class LiveModel:
    """The loaded model. An answer that began with the earlier model ends with it.

    Args:
        source: names the model to serve.
        when_loaded: told about each new model before it is put into use.
    """

    def __init__(self, source: Source, when_loaded: Callable[[Loaded], None] = lambda loaded: None) -> None:
        self._source = source
        self._when_loaded = when_loaded
        self._loaded: Loaded | None = None
        self._stop = threading.Event()

    @property
    def loaded(self) -> Loaded | None:
        """The model in use; `None` before the first `refresh`."""
        return self._loaded

    def refresh(self) -> bool:
        """Load the model that the source names, if it is not in use already; whether it was exchanged.

        Raises:
            WmsError: it cannot be looked up, fetched or run, or has other digests; the earlier one stays.
        """
        offer, before = self._source(), self._loaded
        if before is not None and (before.identity, before.version) == (offer.identity, offer.version):
            return False
        folder = offer.fetch()
        predictor = load_bundle(folder)
        predictor.mask(PROBE)
        loaded = Loaded(version=offer.version, identity=offer.identity, folder=folder, predictor=predictor)
        self._when_loaded(loaded)
        self._loaded = loaded
        log.info("model loaded", extra={"fields": {"version": loaded.version, "digest": loaded.digest}})
        return True

    def follow(self, every_seconds: float) -> None:
        """Refresh at an interval in a thread, until `stop`; errors are logged and the model stays."""
        threading.Thread(target=self._follow, args=(every_seconds,), name="live-model", daemon=True).start()

    def stop(self) -> None:
        """End `follow`."""
        self._stop.set()

    def _follow(self, every_seconds: float) -> None:
        while not self._stop.wait(every_seconds):
            try:
                self.refresh()
            except WmsError as error:
                log.warning(
                    "the model was not refreshed: %s", error, extra={"fields": {"remedy": error.remedy}}
                )
            except Exception:
                # A defect here must not end the thread: the service would keep an old model for ever.
                log.exception("the model was not refreshed")
