"""How a model is trained, read from `WMS/configs/train.yaml`, which explains each value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from wms.core.records.base import Frozen
from wms.core.records.dataset import Share
from wms.core.records.training import Architecture, Init
from wms.core.settings.loader import load_settings

TRAIN_CONFIG = "WMS/configs/train.yaml"

CLOSE_UP_PIXELS = 2
"""The side of a stored image over that of the network's input. The close-up of a window of the median size in
field photographs (0.59 of the image's side) then has at least as many pixels as the network takes."""


class StageSettings(Frozen):
    """One stage of progressive resolution.

    `scale` is the image's side relative to `image_size_px`; `share` is the stage's share of the epochs.
    """

    scale: Annotated[float, Field(gt=0.0, le=1.0)]
    share: Annotated[float, Field(gt=0.0, le=1.0)]


class LossSettings(Frozen):
    """Weights of the two terms of the loss; see `training/loss.py`."""

    bce_weight: NonNegativeFloat
    dice_weight: NonNegativeFloat

    @model_validator(mode="after")
    def _some_loss(self) -> Self:
        if self.bce_weight + self.dice_weight == 0.0:
            raise ValueError("one of bce_weight and dice_weight must be above zero")
        return self


class AugmentSettings(Frozen):
    """Ranges of the random changes of each sample, uniformly drawn; see `training/augment.py`.

    Angles are degrees in both directions. `max_zoom` is the largest factor by which an image is enlarged or
    reduced, `max_shift` the largest shift as a share of the side. `max_brightness`,
    `max_contrast`, `max_saturation` and `max_tint` (of each colour channel) are relative changes.
    """

    max_rotation_degrees: Annotated[float, Field(ge=0.0, le=180.0)]
    max_shear_degrees: Annotated[float, Field(ge=0.0, le=45.0)]
    max_zoom: Annotated[float, Field(ge=1.0, le=4.0)]
    max_shift: Annotated[float, Field(ge=0.0, le=0.5)]
    mirror: bool
    max_brightness: Share
    max_contrast: Share
    max_saturation: Share
    max_tint: Share


class CloseUpSettings(Frozen):
    """The close-ups that the model looks at second, and learns from; see `training/close_up.py`.

    `share` of the training samples are close-ups. `window` is the window's diagonal over the
    close-up's side. The samples are turned by up to `max_rotation_degrees` from level, in both directions.
    """

    share: Annotated[float, Field(gt=0.0, lt=1.0)]
    window: Annotated[float, Field(gt=0.0, lt=1.0)]
    max_rotation_degrees: Annotated[float, Field(ge=0.0, le=45.0)]


class WarmStartSettings(Frozen):
    """What differs in a training that begins from production's weights.

    `learning_rate` and `minutes` are factors of the values of a first training. After `in_a_row` such
    promotions one training begins from the shipped network instead, so that old mistakes are not inherited
    for ever. If it is held, the next ones begin from production's weights again.
    """

    learning_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.25
    minutes: Annotated[float, Field(gt=0.0, le=1.0)] = 0.6
    in_a_row: NonNegativeInt = 3


class TrainSettings(Frozen):
    """`WMS/configs/train.yaml`.

    `epochs` is the largest number of epochs. With `max_minutes` it is reduced to fit a limit of wall time,
    measured once at the start (`null`: no limit, and the same seed and first weights give the same weights on
    one machine). The limit in minutes is `minutes_per_100_images` x images / 100, at least `min_minutes` and
    at most `max_minutes`; with a rate of 0 it is exactly `max_minutes`. `threads` of `null` means all cores,
    or one if that is faster. Without `close_up` the model looks at the whole image alone. The training ends
    after `patience` epochs of the last quarter without a better validation loss.
    """

    init: Init = "champion"
    seed: NonNegativeInt
    epochs: PositiveInt
    minutes_per_100_images: NonNegativeFloat = 0.0
    min_minutes: PositiveFloat = 4.0
    max_minutes: PositiveFloat | None
    warm_start: WarmStartSettings = WarmStartSettings()
    batch_size: PositiveInt
    image_size_px: PositiveInt
    base_width: Annotated[int, Field(ge=8, le=128, multiple_of=8)]
    depth: Annotated[int, Field(ge=1, le=6)]
    stem_stride: Literal[1, 2, 4]
    stages: Annotated[tuple[StageSettings, ...], Field(min_length=1)]
    learning_rate: PositiveFloat
    schedule: Literal["one_cycle", "constant"]
    warmup_share: Annotated[float, Field(gt=0.0, lt=1.0)]
    weight_decay: NonNegativeFloat
    gradient_norm: PositiveFloat
    ema_decay: Annotated[float, Field(ge=0.0, lt=1.0)]
    patience: PositiveInt
    precision: Literal["auto", "float32", "bfloat16"]
    threads: PositiveInt | None
    loss: LossSettings
    augment: AugmentSettings
    close_up: CloseUpSettings | None = None

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        if self.image_size_px % self.architecture.multiple_px:
            raise ValueError(f"image_size_px must be a multiple of {self.architecture.multiple_px}")
        if abs(sum(stage.share for stage in self.stages) - 1.0) > 1e-6:
            raise ValueError("the stages' shares must sum to 1")
        if self.stages[-1].scale != 1.0:
            raise ValueError("the last stage must have scale 1: the model is used at that size")
        return self

    def minutes(self, images: int, *, warm: bool) -> float | None:
        """The limit of wall time for a number of training images; `None`: none."""
        if self.max_minutes is None or not self.minutes_per_100_images:
            return self.max_minutes
        wanted = self.minutes_per_100_images * images / 100 * (self.warm_start.minutes if warm else 1.0)
        return min(max(wanted, self.min_minutes), self.max_minutes)

    @property
    def architecture(self) -> Architecture:
        """The network of these settings."""
        return Architecture(base_width=self.base_width, depth=self.depth, stem_stride=self.stem_stride)

    @property
    def stored_size_px(self) -> int:
        """The side of the letterboxed images that a training reads; close-ups are cut out of them."""
        return self.image_size_px * (CLOSE_UP_PIXELS if self.close_up else 1)

    @property
    def stage_sizes_px(self) -> tuple[int, ...]:
        """The side of the images in each stage, a multiple of what the network can halve."""
        multiple = self.architecture.multiple_px
        return tuple(
            max(multiple, round(self.image_size_px * stage.scale / multiple) * multiple)
            for stage in self.stages
        )


def load_train_settings(root: Path, overrides: Mapping[str, Any] | None = None) -> TrainSettings:
    """Read `WMS/configs/train.yaml` below a workspace root; like `load_settings`."""
    return load_settings(root / TRAIN_CONFIG, TrainSettings, overrides=overrides)
