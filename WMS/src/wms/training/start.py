"""How a training begins: its samples are decoded, and it goes on from a checkpoint or starts with a plan."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import torch

from wms.core.context import Context
from wms.core.cores import usable_cores
from wms.core.errors import CheckpointError, TooFewSamplesError
from wms.core.progress import Progress
from wms.core.records.base import canonical_json, sha256_hex
from wms.core.records.dataset import DatasetManifest
from wms.core.records.training import Preprocessing, Provenance
from wms.core.settings import TrainSettings, load_train_settings
from wms.imaging.preprocess import PAD_GREY
from wms.training import checkpoint as checkpoints
from wms.training.cache import CachedSamples, Source, prepare
from wms.training.checkpoint import CHECKPOINT_FILE, Checkpoint, TrainingState
from wms.training.evidence import HISTORY_FILE
from wms.training.planning import make_plan
from wms.training.process_group import ProcessGroup
from wms.training.tracking import EVIDENCE_FOLDER, SPOOL_FILE, STATE_FILE

Resume = Literal["never", "if it fits", "always"]
"""Whether a checkpoint is gone on from; one that does not fit is dropped, or (`always`) an error."""

BUNDLE_FOLDER, CHECKPOINT_FOLDER = "model", "checkpoints"


@dataclass(frozen=True, kw_only=True)
class TrainingInputs:
    """What a training is made from, and where it writes.

    Args:
        manifest: the dataset; its splits say what is learned from.
        dataset: the folder with `images/` and `masks/`.
        settings: how to train.
        mask_threshold: the grey level (0..255) above which a mask pixel is window.
        out: the run folder. Gets `model/`, `checkpoints/`, `history.csv`, `evidence/` and the spool.
        cache: decoded samples, shared by runs.
    """

    manifest: DatasetManifest
    dataset: Path
    settings: TrainSettings
    mask_threshold: int
    out: Path
    cache: Path

    @classmethod
    def of(cls, ctx: Context) -> Self:
        """Those of the run in `run/`."""
        layout = ctx.layout
        return cls(
            manifest=ctx.manifest(),
            dataset=layout.dataset,
            settings=load_train_settings(layout.root, ctx.request.options.train_overrides),
            mask_threshold=ctx.data_settings.validation.mask_threshold,
            out=layout.run,
            cache=layout.cache,
        )

    @property
    def checkpoint(self) -> Path:
        """The last finished epoch, as it is stored."""
        return self.out / CHECKPOINT_FOLDER / CHECKPOINT_FILE


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What is trained and validated on, decoded."""

    train: CachedSamples
    val: CachedSamples


def prepare_samples(inputs: TrainingInputs, progress: Progress) -> Samples:
    """Decode the train and val samples that are not in the cache yet; the test samples are never opened.

    Raises:
        TooFewSamplesError: no train or no val samples.
        ImageError: a picture or mask cannot be read.
        StorageError: the cache cannot be written.
    """
    manifest, settings = inputs.manifest, inputs.settings
    for split in ("train", "val"):
        if not manifest.of_split(split):
            raise TooFewSamplesError(f"the split {split} has no pictures")
    source = Source(
        dataset=inputs.dataset, mask_threshold=inputs.mask_threshold, spec=preprocessing(settings)
    )
    train, val = (
        prepare(
            manifest.of_split(split), source, folder=inputs.cache, workers=usable_cores(), progress=progress
        )
        for split in ("train", "val")
    )
    return Samples(train=train, val=val)


def start_training(
    inputs: TrainingInputs,
    *,
    provenance: Provenance,
    samples: Samples,
    resume: Resume,
    group: ProcessGroup,
    progress: Progress,
) -> TrainingState:
    """The state to go on from: the checkpoint's, or that of a new training, stored as its first checkpoint.

    Args:
        inputs: what is trained on, and where it writes.
        provenance: what determines the training.
        samples: what is trained and validated on.
        resume: whether to go on from the last checkpoint, if there is one; where it is not gone on
            from, whatever lies in the run folder of an earlier training is removed first.
        group: the processes that will train.
        progress: told what will be done.

    Raises:
        CheckpointError: the checkpoint is of another training, or damaged, and `resume` is `always`.
        StorageError: the checkpoint cannot be written.
    """
    if resume == "never":
        _clear(inputs.out)
    run_sha256 = sha256_hex(canonical_json([provenance.model_dump(), inputs.mask_threshold]))
    checkpoint = inputs.checkpoint
    if checkpoint.is_file():
        try:
            return _resumed(checkpoint, run_sha256, progress)
        except CheckpointError as error:
            if resume == "always":
                raise
            progress.say(f"{error}: it is dropped, and the training starts anew.")
            _clear(inputs.out)
    plan = make_plan(inputs.settings, samples.train, samples.val, group)
    stages = ", ".join(f"{stage.epochs} epochs at {stage.size_px} px" for stage in plan.stages)
    kind = "bfloat16" if plan.bfloat16 else "float32"
    means = f"{plan.threads} threads" if group.device.type == "cpu" else torch.cuda.get_device_name()
    together = f" in each of {group.size} processes" if group.size > 1 else ""
    progress.say(f"Training on {len(samples.train)} pictures: {stages}; {means}{together}, {kind}.")
    state = TrainingState(run_sha256=run_sha256, plan=plan)
    checkpoints.save(checkpoint, Checkpoint(state=state, tensors={}))
    return state


def _resumed(checkpoint: Path, run_sha256: str, progress: Progress) -> TrainingState:
    state = checkpoints.load(checkpoint).state
    if state.run_sha256 != run_sha256:
        raise CheckpointError(f"{checkpoint} is of a training with other data, settings or code")
    progress.say(f"Going on after epoch {state.epochs_done} of {state.plan.epochs}.")
    return state


def preprocessing(settings: TrainSettings) -> Preprocessing:
    """What makes the network's input, for these settings."""
    return Preprocessing(size_px=settings.image_size_px, pad=PAD_GREY)


def _clear(out: Path) -> None:
    for folder in (BUNDLE_FOLDER, CHECKPOINT_FOLDER, EVIDENCE_FOLDER):
        shutil.rmtree(out / folder, ignore_errors=True)
    for name in (HISTORY_FILE, SPOOL_FILE, STATE_FILE):
        (out / name).unlink(missing_ok=True)
