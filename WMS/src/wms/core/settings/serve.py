"""What the service accepts, read from `WMS/configs/serve.yaml`, which explains each value."""

from __future__ import annotations

from typing import Self

from pydantic import PositiveFloat, PositiveInt, model_validator

from wms.core.records.base import Frozen

SERVE_CONFIG = "WMS/configs/serve.yaml"
MIB, MEGAPIXEL = 2**20, 10**6


class ServeSettings(Frozen):
    """`WMS/configs/serve.yaml`. `workers` of `None` means one for each usable core."""

    max_image_mib: PositiveInt
    max_megapixels: PositiveInt
    megapixels_at_once: PositiveInt
    max_images: PositiveInt
    max_request_mib: PositiveInt
    uploads_mib: PositiveInt
    queue: PositiveInt
    workers: PositiveInt | None
    requests_per_minute: PositiveFloat
    burst: PositiveInt
    upload_seconds: PositiveFloat
    answer_seconds: PositiveFloat
    keep_alive_seconds: PositiveInt
    shutdown_seconds: PositiveInt
    poll_seconds: PositiveFloat

    @model_validator(mode="after")
    def _each_request_fits(self) -> Self:
        if self.max_images > self.queue:
            raise ValueError("queue must hold at least max_images")
        if self.max_megapixels > self.megapixels_at_once:
            raise ValueError("megapixels_at_once must be at least max_megapixels")
        if not self.max_image_mib <= self.max_request_mib <= self.uploads_mib:
            raise ValueError("uploads_mib must be at least max_request_mib, and that at least max_image_mib")
        return self
