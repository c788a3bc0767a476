"""The results of a training, without test metrics: the gate computes those."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from wms.core.records.base import Frozen, Record, Sha256
from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.dataset import Share

WEIGHTS_FILE, ONNX_FILE, CARD_FILE = "model.safetensors", "model.onnx", "model.json"
"""The files of a model bundle; the card names the other two by their SHA-256."""


Init = Literal["champion", "pretrained", "scratch"]
"""Where the first weights come from: the model in production, the network that ships with wms, or chance."""


class Start(Frozen):
    """The first weights of a training, and why they were these.

    `weights_sha256` is that of the file with them. `version` and `run_id` are those of the model in
    production and of the run that trained it; MLflow shows that run under the same name. `in_a_row` counts
    the trainings, this one included, that began from production's weights one after the other. `instead_of`
    names production's weights where they would fit and were inherited often enough.
    """

    init: Init
    reason: str
    weights_sha256: Sha256 | None = None
    version: PositiveInt | None = None
    run_id: str | None = None
    in_a_row: NonNegativeInt = 0
    instead_of: Sha256 | None = None

    @property
    def text(self) -> str:
        """As people read it: `production's model v3` or `random weights`."""
        return {
            "champion": f"production's model v{self.version}",
            "pretrained": "the network that ships with wms",
            "scratch": "random weights",
        }[self.init]


class Provenance(Frozen):
    """Everything that determined a training, by digest.

    `code_sha` is the Git commit of the code, or `unknown` with the package version where the
    package runs outside a checkout. `start` is `None` in records from before 2026-11-30, whose trainings
    began from random weights. `manifest_sha256` names the dataset, `train_split_sha256` and
    `val_split_sha256` the images, `config_sha256` the effective settings.
    """

    code_sha: str
    package_version: str
    manifest_sha256: Sha256
    train_split_sha256: Sha256
    val_split_sha256: Sha256
    config_sha256: Sha256
    seed: NonNegativeInt
    start: Start | None = None


class EpochMetrics(Frozen):
    """One epoch: losses, validation Dice (mean over whole images and close-ups at training size), speed."""

    epoch: NonNegativeInt
    train_loss: NonNegativeFloat
    val_loss: NonNegativeFloat
    val_dice: Share
    learning_rate: NonNegativeFloat
    image_size_px: PositiveInt
    images_per_second: PositiveFloat
    seconds: PositiveFloat


class Architecture(Frozen):
    """The parameters that rebuild the network before its weights are loaded; see `training/unet.py`."""

    name: Literal["unet"] = "unet"
    base_width: PositiveInt
    depth: PositiveInt
    stem_stride: PositiveInt

    @property
    def multiple_px(self) -> int:
        """The side of an input must be a multiple of this: the stem and every level divide it."""
        return self.stem_stride << self.depth


class Preprocessing(Frozen):
    """How an image becomes the network's input; see `imaging/preprocess.py`.

    The image is letterboxed to a square of `size_px`, bars filled with grey `pad` (0..255). With `close_up`
    the network looks twice: the second time at a close-up of the window that it found, in which the window's
    diagonal has this share of the side. `None`: once, as all models from before 2026-11-30.
    """

    size_px: PositiveInt
    pad: Annotated[int, Field(ge=0, le=255)]
    close_up: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None


class ModelCard(Record):
    """`model.json` of a bundle: how to use the two files beside it, and their origin.

    `threshold` is the probability above which a pixel counts as register window, chosen on the validation
    split. `parity_max_difference` is the largest difference between the probabilities of the network on ONNX
    Runtime and on PyTorch that was seen at export, before convolutions were rounded to 8 bits. `views` is how
    many flipped copies of an image the graph averages: before 2026-11-30 two.
    """

    architecture: Architecture
    preprocessing: Preprocessing
    views: PositiveInt = 1
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    parameters: PositiveInt
    weights_sha256: Sha256
    onnx_sha256: Sha256
    parity_max_difference: Annotated[float, Field(ge=0.0, lt=1.0)]
    provenance: Provenance

    @model_validator(mode="after")
    def _size_fits(self) -> Self:
        if self.preprocessing.size_px % self.architecture.multiple_px:
            raise ValueError(f"size_px must be a multiple of {self.architecture.multiple_px}")
        return self


class TrainResult(Record):
    """A finished training.

    `run_id` is the tracker's. `weights_sha256` is that of `model.safetensors` in `bundle`, a
    folder relative to the run folder. `tracking_complete` is false when the tracking server did
    not accept all metrics; they are in the run folder then, and the model is complete. `probabilities` are
    what the exported model says of the validation pixels, on the images as the training stores them.
    """

    run_id: str
    provenance: Provenance
    epochs: Annotated[tuple[EpochMetrics, ...], Field(min_length=1)]
    best_epoch: NonNegativeInt
    stopped_early: bool
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    probabilities: ProbabilityCounts
    bundle: str
    weights_sha256: Sha256
    onnx_sha256: Sha256
    parameters: PositiveInt
    seconds: NonNegativeFloat
    tracking_complete: bool


class Candidate(Record):
    """A trained model as the registry knows it.

    If the registry could not accept it, `version` is `None` and `unregistered` says why: such a model is
    judged like any other but never promoted.
    """

    version: PositiveInt | None
    run_id: str
    weights_sha256: Sha256
    unregistered: str = ""

    @model_validator(mode="after")
    def _registered_or_not(self) -> Self:
        if (self.version is None) != bool(self.unregistered):
            raise ValueError("a candidate has a version, or a reason why it has none")
        return self
