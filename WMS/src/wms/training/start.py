"""How a training begins: its samples are decoded, and it resumes from a checkpoint or makes a plan."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Literal, Self

import torch

from wms.core.context import Context
from wms.core.cores import usable_cores
from wms.core.errors import CheckpointError, Code, InputError
from wms.core.progress import Progress, Silent
from wms.core.records.base import canonical_json, sha256_hex
from wms.core.records.dataset import DatasetManifest
from wms.core.records.training import Preprocessing, Provenance
from wms.core.settings import TrainSettings, load_train_settings, settings_digest
from wms.imaging.preprocess import PAD_GREY
from wms.training import checkpoint as checkpoints
from wms.training.cache import Samples, Source, prepare
from wms.training.checkpoint import CHECKPOINT_FILE, Checkpoint, TrainingState
from wms.training.evidence import HISTORY_FILE
from wms.training.initial import Initial, random_weights
from wms.training.planning import make_plan
from wms.training.process_group import ProcessGroup
from wms.training.tracking import EVIDENCE_FOLDER, STATE_FILE

Resume = Literal["never", "if it fits", "always"]
"""Whether to resume from a checkpoint. One that does not fit is deleted, or (`always`) an error."""

BUNDLE_FOLDER, CHECKPOINT_FOLDER = "model", "checkpoints"


@dataclass(frozen=True, kw_only=True)
class TrainingInputs:
    """What to train on, how, and where to write.

    Args:
        manifest: the dataset; its splits say which samples are learned from.
        dataset: the folder with `images/` and `masks/`.
        settings: how to train.
        mask_threshold: the grey level (0..255) above which a mask pixel is window.
        out: the run folder. Gets `model/`, `checkpoints/`, `history.csv`, `evidence/` and `tracking.json`.
        cache: decoded samples, shared by runs.
        initial: the first weights; random ones by default.
        group: the processes that train together.
        progress: told about decoding, epochs and what is worth knowing.
    """

    manifest: DatasetManifest
    dataset: Path
    settings: TrainSettings
    mask_threshold: int
    out: Path
    cache: Path
    initial: Initial = field(default_factory=random_weights)
    group: ProcessGroup = field(default_factory=ProcessGroup)
    progress: Progress = field(default_factory=Silent)

    @classmethod
    def of(cls, ctx: Context, group: ProcessGroup) -> Self:
        """Those of the run in `run/`. Only the leading process reports progress."""
        layout = ctx.layout
        return cls(
            manifest=ctx.manifest(),
            dataset=layout.dataset,
            settings=load_train_settings(layout.root, ctx.request.options.train_overrides),
            mask_threshold=ctx.data_settings.validation.mask_threshold,
            out=layout.run,
            cache=layout.cache,
            group=group,
            progress=ctx.progress if group.leads else Silent(),
        )

    def provenance(self, code_sha: str) -> Provenance:
        """What determines a training by the commit `code_sha`, by digest."""
        return Provenance(
            code_sha=code_sha,
            package_version=version("water-meter-segmentation"),
            manifest_sha256=self.manifest.digest,
            train_split_sha256=self.manifest.split_digest("train"),
            val_split_sha256=self.manifest.split_digest("val"),
            config_sha256=settings_digest(self.settings),
            seed=self.settings.seed,
            start=self.initial.start,
        )

    @property
    def checkpoint(self) -> Path:
        """The file of the last checkpoint."""
        return self.out / CHECKPOINT_FOLDER / CHECKPOINT_FILE

    @property
    def preprocessing(self) -> Preprocessing:
        """How images become the network's input."""
        close_up = self.settings.close_up
        return Preprocessing(
            size_px=self.settings.image_size_px, pad=PAD_GREY, close_up=close_up.window if close_up else None
        )


def prepare_samples(inputs: TrainingInputs) -> Samples:
    """Decode the train and val samples that are not in the cache yet; test samples are never opened.

    Raises:
        InputError: no train or no val samples.
        ImageError: an image or mask cannot be read.
        StorageError: the cache cannot be written.
    """
    splits = {split: inputs.manifest.of_split(split) for split in ("train", "val")}
    for split, samples in splits.items():
        if not samples:
            raise InputError(f"the split {split} has no images", Code.TOO_FEW_SAMPLES)
    source = Source(
        dataset=inputs.dataset,
        mask_threshold=inputs.mask_threshold,
        spec=Preprocessing(size_px=inputs.settings.stored_size_px, pad=PAD_GREY),
    )
    train, val = (
        prepare(samples, source, folder=inputs.cache, workers=usable_cores(), progress=inputs.progress)
        for samples in splits.values()
    )
    return Samples(train=train, val=val)


def start_training(
    inputs: TrainingInputs, samples: Samples, *, provenance: Provenance, resume: Resume
) -> TrainingState:
    """The state to start from: the checkpoint's, or a new one, which is stored as the first checkpoint.

    A new training deletes what an earlier one left in the run folder.

    Raises:
        CheckpointError: `resume` is `always`, and the checkpoint is damaged or of another training.
        StorageError: the checkpoint cannot be written.
    """
    run_sha256 = sha256_hex(canonical_json([provenance.model_dump(), inputs.mask_threshold]))
    if resume != "never" and inputs.checkpoint.is_file():
        try:
            return _resumed(inputs, run_sha256)
        except CheckpointError as error:
            if resume == "always":
                raise
            inputs.progress.say(f"{error}: it is deleted, and the training starts again.")
    _clear(inputs.out)
    first, group = inputs.initial.start, inputs.group
    plan = make_plan(inputs.settings, samples, group, init=first.init)
    stages = ", ".join(f"{stage.epochs} epochs at {stage.size_px} px" for stage in plan.stages)
    kind = "bfloat16" if plan.bfloat16 else "float32"
    means = f"{plan.threads} threads" if group.device.type == "cpu" else torch.cuda.get_device_name()
    together = f" in each of {group.size} processes" if group.size > 1 else ""
    inputs.progress.say(f"Starting from {first.text}: {first.reason}.")
    inputs.progress.say(f"Training on {len(samples.train)} images: {stages}; {means}{together}, {kind}.")
    state = TrainingState(run_sha256=run_sha256, plan=plan)
    initial = {f"initial.{name}": tensor for name, tensor in inputs.initial.weights.items()}
    checkpoints.save(inputs.checkpoint, Checkpoint(state=state, tensors=initial))
    return state


def _resumed(inputs: TrainingInputs, run_sha256: str) -> TrainingState:
    state = checkpoints.load(inputs.checkpoint).state
    if state.run_sha256 != run_sha256:
        raise CheckpointError(f"{inputs.checkpoint} is of a training with other data, settings or code")
    inputs.progress.say(f"Resuming after epoch {state.epochs_done} of {state.plan.epochs}.")
    return state


def _clear(out: Path) -> None:
    for folder in (BUNDLE_FOLDER, CHECKPOINT_FOLDER, EVIDENCE_FOLDER):
        shutil.rmtree(out / folder, ignore_errors=True)
    for name in (HISTORY_FILE, STATE_FILE):
        (out / name).unlink(missing_ok=True)
