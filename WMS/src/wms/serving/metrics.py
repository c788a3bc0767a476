"""The service's metrics in the form of Prometheus; alerts and dashboard: `devops/k3s/monitoring`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from wms.core.records.measures import Measures

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""The media type of `Metrics.text`."""

LATENCY_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Upper edges: an image takes some 0.06 s on one core, and ten in a queue half a second."""

SHARES = tuple(round(number / 20, 2) for number in range(1, 21))
COVERAGE = (0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
"""Upper edges: register windows cover 0.3-9 % of a photograph (configs/data.yaml)."""
BRIGHTNESS = tuple(float(level) for level in range(16, 257, 16))
SHARPNESS = tuple(float(2**power) for power in range(2, 15))
SIZES_PX = (320.0, 640.0, 1024.0, 1280.0, 1920.0, 2560.0, 4096.0, 6000.0, 9000.0)
ANGLES_DEGREES = tuple(float(angle) for angle in range(-30, 136, 15))


class Metrics:
    """All metrics of one service, in a registry of their own, so that a test can have several services.

    `requests` counts answers by `route` and `status`; `refusals` counts images that got no mask by `reason`,
    a short fixed word such as `too_large`, `queue_full`, `not_an_image`; `latency_seconds` is from the first
    byte to the answer, by `route`; `queue` is how many images wait or are worked on; `model_info` has the
    value 1 for the loaded model. Angles have no sum: a sum may not fall, and angles may be negative.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        where = self.registry
        self.requests = Counter("wms_requests", "Answered requests.", ("route", "status"), registry=where)
        self.refusals = Counter("wms_refusals", "Images that got no mask.", ("reason",), registry=where)
        self.latency_seconds = Histogram(
            "wms_latency_seconds",
            "From the request to its answer.",
            ("route",),
            buckets=LATENCY_SECONDS,
            registry=where,
        )
        self.queue = Gauge("wms_queue", "Images that wait or are worked on.", registry=where)
        self.model_info = Gauge("wms_model_info", "The loaded model.", ("version", "digest"), registry=where)
        self._measures = {
            name: Histogram(f"wms_{name}", what, buckets=buckets, registry=where)
            for name, what, buckets in (
                ("brightness", "Mean grey level of images.", BRIGHTNESS),
                ("sharpness", "Variance of the Laplacian of images.", SHARPNESS),
                ("size_px", "Longer side of images.", SIZES_PX),
                ("coverage", "Share of the image that is window.", COVERAGE),
                ("confidence", "Dice that the model expects of its mask.", SHARES),
                ("window_angle_degrees", "Turn of the window's long side.", ANGLES_DEGREES),
            )
        }

    def observe(self, measures: Measures) -> None:
        """Count one answered image; a measure that is `None` is not counted."""
        for name, histogram in self._measures.items():
            value = getattr(measures, name)
            if value is not None:
                histogram.observe(value)

    def show_model(self, *, version: int | None, digest: str) -> None:
        """Say which model is loaded, in place of the one before.

        Args:
            version: of the registry; `None` for a model from a folder.
            digest: the SHA-256 of its graph.
        """
        self.model_info.clear()
        self.model_info.labels(version="none" if version is None else str(version), digest=digest).set(1)

    def text(self) -> bytes:
        """All metrics in the text form of Prometheus."""
        return generate_latest(self.registry)
