"""What the service says: the window of each image, or why there is none. Also the examples in its OpenAPI."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import PositiveInt

from wms.core.records.base import Frozen, Sha256
from wms.core.records.dataset import Share
from wms.core.records.measures import Measures
from wms.imaging.window import Window
from wms.serving.live import Loaded

Point = tuple[float, float]


class Box(Frozen):
    """The smallest rectangle around the window, turned as it may be, in pixels.

    `size_px` is its long and its short side; `angle_degrees` how far the long side is turned clockwise from
    level, in -90 (included) to 90.
    """

    centre_px: Point
    size_px: tuple[float, float]
    angle_degrees: float


class Found(Frozen):
    """One image: the largest register window in it, in pixels of the upright image from its upper left.

    `index` counts the images of the request from 1. `polygon` has x and y of each corner, and is empty
    where no window was found. `coverage` is the share of the image that is window; `confidence` the Dice
    that the model expects of its mask.
    """

    index: PositiveInt
    width_px: PositiveInt
    height_px: PositiveInt
    polygon: tuple[Point, ...]
    box: Box | None
    coverage: Share
    confidence: Share


class Refusal(Frozen):
    """Why there is no answer, and what to do."""

    error: str
    remedy: str


class RefusedImage(Refusal):
    """The same for one image of several."""

    index: PositiveInt


class Answering(Frozen):
    """The model that answered: its version if it has one, the SHA-256 of `model.onnx`, its threshold."""

    version: PositiveInt | None
    digest: Sha256
    threshold: float


class Answer(Frozen):
    """The answer to a request: the model, and one entry for each image, in their order."""

    model: Answering
    images: tuple[Found | RefusedImage, ...]


class RefusedError(Exception):
    """A request or an image gets no answer; `reason` is a short fixed word for the metrics."""

    def __init__(
        self,
        status: HTTPStatus,
        reason: str,
        error: str,
        remedy: str,
        *,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.reason = reason
        self.refusal = Refusal(error=error, remedy=remedy)
        self.retry_after_seconds = retry_after_seconds


def found(index: int, image_size: tuple[int, int], window: Window | None, measures: Measures) -> Found:
    """The answer for one image of width and height."""
    box = None
    if window is not None:
        turned = window.rectangle
        box = Box(
            centre_px=_rounded(turned.centre_x, turned.centre_y),
            size_px=_rounded(turned.long_px, turned.short_px),
            angle_degrees=round(turned.angle_degrees, 2),
        )
    return Found(
        index=index,
        width_px=image_size[0],
        height_px=image_size[1],
        polygon=tuple(_rounded(x, y) for x, y in window.outline.tolist()) if window is not None else (),
        box=box,
        coverage=float(f"{measures.coverage:.5g}"),
        confidence=round(measures.confidence, 4),
    )


def answering(loaded: Loaded) -> Answering:
    """How an answer names its model."""
    card = loaded.predictor.card
    return Answering(version=loaded.version, digest=loaded.digest, threshold=card.threshold)


def _rounded(x: float, y: float) -> Point:
    return round(x, 1), round(y, 1)


EXAMPLE: dict[str, Any] = {
    "model": {"version": 3, "digest": "5f" * 32, "threshold": 0.45},
    "images": [
        {
            "index": 1,
            "width_px": 1000,
            "height_px": 1333,
            "polygon": [[402.5, 610.0], [688.1, 604.3], [689.4, 671.9], [403.8, 678.2]],
            "box": {"centre_px": [545.9, 641.1], "size_px": [286.0, 68.4], "angle_degrees": -1.14},
            "coverage": 0.014512,
            "confidence": 0.9683,
        },
        {
            "index": 2,
            "error": "image 2 is a HEIC image by its content, not a JPEG or PNG",
            "remedy": "Save it as a JPEG or PNG image.",
        },
    ],
}

REFUSALS: dict[HTTPStatus, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("the request has no image", "Send photographs as multipart/form-data."),
    HTTPStatus.UNAUTHORIZED: ("the API key is missing or wrong", "Send it in the header X-API-Key."),
    HTTPStatus.NOT_ACCEPTABLE: (
        "a PNG mask is the answer to one image only",
        "Send one image, or ask for application/json.",
    ),
    HTTPStatus.REQUEST_TIMEOUT: ("the upload took more than 30 s", "Send smaller images."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "image 1 is 20000x10000, more than 25 megapixels",
        "Save a smaller image.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("image 1 is not an image: it holds text", "Send JPEG or PNG images."),
    HTTPStatus.UNPROCESSABLE_ENTITY: ("image 1 is cut off or damaged", "Copy the file again."),
    HTTPStatus.TOO_MANY_REQUESTS: ("more than 600 requests in a minute", "Send the next one in 1 s."),
    HTTPStatus.SERVICE_UNAVAILABLE: ("the queue is full: 48 images wait", "Send the request again in 2 s."),
}
"""An example of each kind of refusal."""
