"""What a training leaves behind, without any test metric: those are the gate's business."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from wms.domain.records import Frozen, Record, Sha256


class Provenance(Frozen):
    """Everything that determined a training, by digest.

    `code_sha` is the Git commit of the code, or `unknown` with the package version where the
    package runs outside a checkout. `manifest_sha256` names the dataset, `train_split_sha256` and
    `val_split_sha256` the pictures that were used, `config_sha256` the effective settings.
    """

    code_sha: str
    package_version: str
    manifest_sha256: Sha256
    train_split_sha256: Sha256
    val_split_sha256: Sha256
    config_sha256: Sha256
    seed: NonNegativeInt


class EpochMetrics(Frozen):
    """One epoch: losses, validation Dice (mean over pictures at training size), speed."""

    epoch: NonNegativeInt
    train_loss: float
    val_loss: float
    val_dice: float
    learning_rate: float
    image_size_px: PositiveInt
    images_per_second: float
    seconds: float


class TrainResult(Record):
    """A finished training.

    `run_id` is the tracker's. `weights_sha256` is that of `model.safetensors` in `bundle`, a
    folder relative to the run folder. `tracking_complete` is false when the tracking server did
    not take all metrics; they are then in the run folder and the model is whole.
    """

    run_id: str
    provenance: Provenance
    epochs: tuple[EpochMetrics, ...]
    best_epoch: NonNegativeInt
    stopped_early: bool
    threshold: Annotated[float, Field(gt=0.0, lt=1.0)]
    bundle: str
    weights_sha256: Sha256
    onnx_sha256: Sha256
    parameters: PositiveInt
    seconds: float
    tracking_complete: bool


class Candidate(Record):
    """A trained model as the registry knows it."""

    version: PositiveInt
    run_id: str
    weights_sha256: Sha256
