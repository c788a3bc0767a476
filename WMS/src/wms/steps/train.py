"""Train a model on a dataset's train and val samples; the test samples are never opened."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from wms.config import TrainSettings, settings_digest
from wms.domain.calibration import ProbabilityCounts
from wms.domain.dataset import DatasetManifest
from wms.domain.errors import InterruptedTrainingError, TooFewSamplesError, TrainingError
from wms.domain.records import canonical_json, sha256_hex
from wms.domain.training import EpochMetrics, ModelCard, Preprocessing, Provenance, TrainResult
from wms.files import write_bytes
from wms.ml import checkpoint as checkpoints
from wms.ml.cache import CachedSamples, Source, prepare
from wms.ml.checkpoint import CHECKPOINT_FILE, Checkpoint, TrainingState
from wms.ml.export import export_bundle
from wms.ml.loop import Fitted, fit
from wms.ml.machine import usable_cores
from wms.ml.planning import make_plan
from wms.ml.preprocess import PAD_GREY, to_input
from wms.ml.team import Team
from wms.ml.validation import choose_threshold, count_probabilities
from wms.ports import Registry, RunStatus
from wms.progress import Progress
from wms.steps.tracking import EVIDENCE_FOLDER, SPOOL_FILE, STATE_FILE, Tracker
from wms.steps.training_evidence import HISTORY_FILE, environment, history_csv, run_params, write_evidence

BUNDLE_FOLDER, CHECKPOINT_FOLDER = "model", "checkpoints"

TRACKING_WAIT_SECONDS = 60.0
"""How long the end of a training waits for the tracking server to take the rest."""

ABORT_WAIT_SECONDS = 5.0
"""The same where a training was stopped: the person at the keyboard waits."""

COMPARED = 6
"""Validation pictures that the exported graph and the network are compared on."""


def train(
    *,
    manifest: DatasetManifest,
    dataset: Path,
    settings: TrainSettings,
    mask_threshold: int,
    out: Path,
    cache: Path,
    code_sha: str,
    registry: Registry,
    run_name: str,
    resume: bool,
    team: Team,
    progress: Progress,
) -> TrainResult:
    """Train, choose the threshold, export the bundle, and report to the tracking server.

    Args:
        manifest: the dataset; its splits say what is learned from.
        dataset: the folder with `images/` and `masks/`.
        settings: how to train.
        mask_threshold: the grey level (0..255) above which a mask pixel is window.
        out: the run folder. Gets `model/`, `checkpoints/`, `history.csv`, `evidence/` and the spool.
        cache: decoded samples, shared by runs.
        code_sha: the Git commit of the code, or `unknown`.
        registry: the tracking server; it may be away.
        run_name: the run's name there.
        resume: go on from the last checkpoint, if there is one; else whatever lies in `out` of an
            earlier training is removed first.
        team: the processes that train together; this one leads, the others `assist`.
        progress: told about decoding, epochs and what is worth knowing.

    Returns:
        the record; `tracking_complete` is false where the server has not got everything.

    Raises:
        TooFewSamplesError: no train or no val samples.
        ImageError: a picture or mask cannot be read.
        TrainingError: the loss is not finite, or the checkpoint is of another training.
        InterruptedTrainingError: Ctrl-C; the last checkpoint is whole.
        ModelError: the exported graph does not answer like the network.
        StorageError: the disk is full or not writable.
    """
    for split in ("train", "val"):
        if not manifest.of_split(split):
            raise TooFewSamplesError(f"the split {split} has no pictures")
    provenance = Provenance(
        code_sha=code_sha,
        package_version=version("water-meter-segmentation"),
        manifest_sha256=manifest.digest,
        train_split_sha256=manifest.split_digest("train"),
        val_split_sha256=manifest.split_digest("val"),
        config_sha256=settings_digest(settings),
        seed=settings.seed,
    )
    if not resume:
        _clear(out)
    source = Source(dataset=dataset, mask_threshold=mask_threshold, spec=preprocessing(settings))
    train_samples, val_samples = (
        prepare(manifest.of_split(split), source, folder=cache, workers=usable_cores(), progress=progress)
        for split in ("train", "val")
    )
    state = _start(out, provenance, mask_threshold, settings, train_samples, val_samples, team, progress)
    team.wait()  # the others read the samples and the checkpoint that are there now
    tracker = Tracker(
        out=out,
        registry=registry,
        run_name=run_name,
        params=run_params(settings, state.plan),
        tags={**environment(), **{k: str(v) for k, v in provenance.model_dump().items()}},
    )
    status: RunStatus = "failed"
    try:
        fitted = _fit(out, settings, state, train_samples, val_samples, team, tracker, progress)
        threshold = choose_threshold(fitted.network, val_samples, size_px=settings.image_size_px)
        probabilities = count_probabilities(fitted.network, val_samples, size_px=settings.image_size_px)
        card = _export(out, settings, fitted, threshold, provenance, val_samples)
        write_evidence(
            out / EVIDENCE_FOLDER,
            bundle=out / BUNDLE_FOLDER,
            history=fitted.history,
            probabilities=probabilities,
            settings=settings,
            samples=val_samples,
        )
        status = "finished"
    except KeyboardInterrupt as error:
        status = "killed"
        raise InterruptedTrainingError(
            "the training was stopped; its last finished epoch is stored"
        ) from error
    finally:
        wait = TRACKING_WAIT_SECONDS if status == "finished" else ABORT_WAIT_SECONDS
        tracked = tracker.finish(status, wait_seconds=wait)
    if not tracked:
        progress.say(f"The tracking server did not take all metrics; {out / SPOOL_FILE} keeps them.")
    return _result(tracker.run_id, provenance, fitted, card, probabilities, tracked=tracked)


def _start(
    out: Path,
    provenance: Provenance,
    mask_threshold: int,
    settings: TrainSettings,
    train_samples: CachedSamples,
    val_samples: CachedSamples,
    team: Team,
    progress: Progress,
) -> TrainingState:
    """The state to go on from: the checkpoint's, or that of a new training with a plan of its own."""
    run_sha256 = sha256_hex(canonical_json([provenance.model_dump(), mask_threshold]))
    checkpoint = out / CHECKPOINT_FOLDER / CHECKPOINT_FILE
    if checkpoint.is_file():
        state = checkpoints.load(checkpoint).state
        if state.run_sha256 != run_sha256:
            raise TrainingError(f"{checkpoint} is of a training with other data, settings or code")
        progress.say(f"Going on after epoch {state.epochs_done} of {state.plan.epochs}.")
        return state
    plan = make_plan(settings, train_samples, val_samples, team)
    stages = ", ".join(f"{stage.epochs} epochs at {stage.size_px} px" for stage in plan.stages)
    kind = "bfloat16" if plan.bfloat16 else "float32"
    means = f"{plan.threads} threads" if team.device.type == "cpu" else torch.cuda.get_device_name()
    together = f" in each of {team.size} processes" if team.size > 1 else ""
    progress.say(f"Training on {len(train_samples)} pictures: {stages}; {means}{together}, {kind}.")
    state = TrainingState(run_sha256=run_sha256, plan=plan)
    checkpoints.save(checkpoint, Checkpoint(state=state, tensors={}))
    return state


def _fit(
    out: Path,
    settings: TrainSettings,
    state: TrainingState,
    train_samples: CachedSamples,
    val_samples: CachedSamples,
    team: Team,
    tracker: Tracker,
    progress: Progress,
) -> Fitted:
    history: list[EpochMetrics] = []

    def record(metrics: EpochMetrics) -> None:
        history.append(metrics)
        write_bytes(out / HISTORY_FILE, history_csv(history))
        tracker.epoch(metrics)

    # Again for the epochs of before a kill: it may have come between a checkpoint and its record.
    for metrics in state.history:
        record(metrics)

    def finished(metrics: EpochMetrics) -> None:
        record(metrics)
        progress.say(
            f"epoch {metrics.epoch + 1}/{state.plan.epochs}  {metrics.image_size_px} px  loss "
            f"{metrics.train_loss:.4f}  val loss {metrics.val_loss:.4f}  val Dice {metrics.val_dice:.3f}  "
            f"{metrics.images_per_second:.0f} pictures/s"
        )

    return fit(
        train=train_samples,
        val=val_samples,
        settings=settings,
        state=state,
        team=team,
        checkpoint=out / CHECKPOINT_FOLDER / CHECKPOINT_FILE,
        on_epoch=finished,
        progress=progress,
    )


def _export(
    out: Path,
    settings: TrainSettings,
    fitted: Fitted,
    threshold: float,
    provenance: Provenance,
    val_samples: CachedSamples,
) -> ModelCard:
    pictures, _ = val_samples.batch(range(min(COMPARED, len(val_samples))))
    return export_bundle(
        fitted.network,
        folder=out / BUNDLE_FOLDER,
        architecture=settings.architecture,
        preprocessing=preprocessing(settings),
        threshold=threshold,
        provenance=provenance,
        pictures=np.ascontiguousarray(to_input(pictures)),
    )


def _result(
    run_id: str,
    provenance: Provenance,
    fitted: Fitted,
    card: ModelCard,
    probabilities: ProbabilityCounts,
    *,
    tracked: bool,
) -> TrainResult:
    return TrainResult(
        run_id=run_id,
        provenance=provenance,
        epochs=fitted.history,
        best_epoch=fitted.best_epoch,
        stopped_early=fitted.stopped_early,
        threshold=card.threshold,
        probabilities=probabilities,
        bundle=BUNDLE_FOLDER,
        weights_sha256=card.weights_sha256,
        onnx_sha256=card.onnx_sha256,
        parameters=card.parameters,
        seconds=fitted.seconds,
        tracking_complete=tracked,
    )


def preprocessing(settings: TrainSettings) -> Preprocessing:
    """What makes the network's input, for these settings."""
    return Preprocessing(size_px=settings.image_size_px, pad=PAD_GREY)


def _clear(out: Path) -> None:
    for folder in (BUNDLE_FOLDER, CHECKPOINT_FOLDER, EVIDENCE_FOLDER):
        shutil.rmtree(out / folder, ignore_errors=True)
    for name in (HISTORY_FILE, SPOOL_FILE, STATE_FILE):
        (out / name).unlink(missing_ok=True)
