"""The work on one image, in a thread: decode, predict, measure, encode."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO

import numpy as np
from PIL import Image

from wms.core.errors import ImageError
from wms.core.records.measures import Measures
from wms.core.settings.serve import MEGAPIXEL, MIB, ServeSettings
from wms.imaging.files import decode_photograph, open_image
from wms.imaging.measures import measure
from wms.imaging.window import find_window
from wms.serving.answer import Found, RefusedError, found
from wms.serving.live import Loaded
from wms.serving.watch import Watch

REFUSED = {
    "too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Save a smaller image."),
    "not-an-image": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send photographs as JPEG or PNG."),
    "wrong-type": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Save it as a JPEG or PNG image."),
    "truncated": (HTTPStatus.UNPROCESSABLE_ENTITY, "Copy the file again from its source."),
    "cmyk": (HTTPStatus.UNPROCESSABLE_ENTITY, "Convert it to sRGB and save it again."),
    "deep-pixels": (HTTPStatus.UNPROCESSABLE_ENTITY, "Save it again with 8 bits per channel."),
}
"""Status and remedy by the rule of an `ImageError`; those of data validation speak of folders and masks."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """An image that was answered: as JSON or as a PNG mask, and its measures."""

    answer: Found | bytes
    measures: Measures
    megapixels: float


class PixelBudget:
    """Bounds the pixels in work at once, which bound the memory; used by threads.

    They are served in order: else small images would keep a large one waiting for ever.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many images wait."""
        return len(self._waiting)

    @contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels (at most all) are free, and hold them."""
        turn = object()
        with self._changed:
            self._waiting.append(turn)
            self._changed.wait_for(lambda: self._waiting[0] is turn and self._used + pixels <= self._most)
            self._waiting.popleft()
            self._used += pixels
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


def answer_image(
    file: BinaryIO,
    index: int,
    *,
    loaded: Loaded,
    settings: ServeSettings,
    budget: PixelBudget,
    watch: Watch,
    given_up: threading.Event,
    as_png: bool,
) -> Done:
    """Answer one image.

    Args:
        file: its bytes; no file name is read anywhere.
        index: its number in the request, from 1.
        loaded: the model.
        settings: the limits.
        budget: the pixels that may be in work.
        watch: told about an answered image.
        given_up: set once the request has been refused, so that its images do not count as answered.
        as_png: whether a mask is wanted, uint8 0 and 255 at the upright size, or its shape.

    Raises:
        RefusedError: it is no image that can be used; the sentence names it by its number.
    """
    name = f"image {index}"
    try:
        data = _bytes(file, settings, name=name)
        with budget.hold(_pixels(data, settings, name=name)):
            image = decode_photograph(data, name=name)
            del data
            probability = loaded.predictor.probability(image)
            threshold = loaded.predictor.card.threshold
            measures = measure(image, probability, threshold)
            if not given_up.is_set():
                watch.observe(image, measures, onnx_sha256=loaded.digest)
            height, width = probability.shape
            del image
            answer: Found | bytes
            if as_png:
                answer = _png(probability > threshold)
            else:
                answer = found(index, (width, height), find_window(probability, threshold), measures)
    except ImageError as error:
        status, remedy = REFUSED[error.rule]
        raise RefusedError(status, error.rule.replace("-", "_"), str(error), remedy) from error
    return Done(answer=answer, measures=measures, megapixels=width * height / MEGAPIXEL)


def _bytes(file: BinaryIO, settings: ServeSettings, *, name: str) -> bytes:
    data = file.read(settings.max_image_mib * MIB + 1)
    if len(data) > settings.max_image_mib * MIB:
        raise ImageError(f"{name} has more than {settings.max_image_mib} MiB", rule="too-large")
    return data


def _pixels(data: bytes, settings: ServeSettings, *, name: str) -> int:
    """How many pixels an image has, by its header."""
    with open_image(data, name=name) as image:
        pixels = image.width * image.height
        if pixels > settings.max_megapixels * MEGAPIXEL:
            size = f"{image.width}x{image.height}"
            message = f"{name} is {size}, more than {settings.max_megapixels} megapixels"
            raise ImageError(message, rule="too-large")
    return pixels


def _png(mask: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    # The fastest level: a mask is hardly larger by it.
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
