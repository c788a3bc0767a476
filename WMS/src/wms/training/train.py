"""Train a model on a dataset's train and val samples, and report to the tracking server."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np

from wms.core.errors import InterruptedTrainingError
from wms.core.files import write_bytes
from wms.core.ports import Registry, RunStatus
from wms.core.progress import Progress
from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.training import EpochMetrics, ModelCard, Provenance, TrainResult
from wms.core.settings import TrainSettings, settings_digest
from wms.imaging.preprocess import to_input
from wms.training.cache import CachedSamples
from wms.training.checkpoint import TrainingState
from wms.training.evidence import HISTORY_FILE, environment, history_csv, run_params, write_evidence
from wms.training.export import export_bundle
from wms.training.loop import Fitted, fit
from wms.training.process_group import ProcessGroup
from wms.training.start import (
    BUNDLE_FOLDER,
    Resume,
    Samples,
    TrainingInputs,
    prepare_samples,
    preprocessing,
    start_training,
)
from wms.training.test_time_augmentation import Probability
from wms.training.tracking import EVIDENCE_FOLDER, SPOOL_FILE, Tracker
from wms.training.validation import choose_threshold, count_probabilities

TRACKING_WAIT_SECONDS = 60.0
"""How long the end of a training waits for the tracking server to take the rest."""

ABORT_WAIT_SECONDS = 5.0
"""The same where a training was stopped: the person at the keyboard waits."""

COMPARED = 6
"""Validation pictures that the exported graph and the network are compared on."""


def train(
    inputs: TrainingInputs,
    *,
    code_sha: str,
    registry: Registry,
    run_name: str,
    resume: Resume,
    group: ProcessGroup,
    progress: Progress,
) -> TrainResult:
    """Train, choose the threshold, export the bundle, and report to the tracking server.

    Args:
        inputs: what is trained on, and where it writes.
        code_sha: the Git commit of the code, or `unknown`.
        registry: the tracking server; it may be away.
        run_name: the run's name there.
        resume: whether to go on from the last checkpoint, if there is one; where it is not gone on
            from, whatever lies in the run folder of an earlier training is removed first.
        group: the processes that train together; this one leads, the others `train_as_worker`.
        progress: told about decoding, epochs and what is worth knowing.

    Returns:
        the record; `tracking_complete` is false where the server has not got everything.

    Raises:
        TooFewSamplesError: no train or no val samples.
        ImageError: a picture or mask cannot be read.
        TrainingError: the loss is not finite.
        CheckpointError: the checkpoint is of another training, or damaged, and `resume` is `always`.
        InterruptedTrainingError: Ctrl-C; the last checkpoint is whole.
        ModelError: the exported graph does not answer like the network.
        StorageError: the disk is full or not writable.
    """
    manifest, settings, out = inputs.manifest, inputs.settings, inputs.out
    samples = prepare_samples(inputs, progress)
    provenance = Provenance(
        code_sha=code_sha,
        package_version=version("water-meter-segmentation"),
        manifest_sha256=manifest.digest,
        train_split_sha256=manifest.split_digest("train"),
        val_split_sha256=manifest.split_digest("val"),
        config_sha256=settings_digest(settings),
        seed=settings.seed,
    )
    state = start_training(
        inputs,
        provenance=provenance,
        samples=samples,
        resume=resume,
        group=group,
        progress=progress,
    )
    group.agree(True)  # the others may read the samples and the checkpoint that are there now
    tracker = Tracker(
        out=out,
        registry=registry,
        run_name=run_name,
        params=run_params(settings, state.plan),
        tags={**environment(), **{k: str(v) for k, v in provenance.model_dump().items()}},
    )
    status: RunStatus = "failed"
    try:
        fitted = _fit(inputs, state, samples, group, tracker, progress)
        model = Probability(fitted.network, views=settings.views)
        threshold = choose_threshold(model, samples.val, size_px=settings.image_size_px)
        probabilities = count_probabilities(model, samples.val, size_px=settings.image_size_px)
        card = _export(out, settings, model, threshold, provenance, samples.val)
        write_evidence(
            out / EVIDENCE_FOLDER,
            bundle=out / BUNDLE_FOLDER,
            history=fitted.history,
            best_epoch=fitted.best_epoch,
            probabilities=probabilities,
            settings=settings,
            samples=samples.val,
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


def _fit(
    inputs: TrainingInputs,
    state: TrainingState,
    samples: Samples,
    group: ProcessGroup,
    tracker: Tracker,
    progress: Progress,
) -> Fitted:
    history: list[EpochMetrics] = []

    def record(metrics: EpochMetrics) -> None:
        history.append(metrics)
        write_bytes(inputs.out / HISTORY_FILE, history_csv(history))
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
        train=samples.train,
        val=samples.val,
        settings=inputs.settings,
        state=state,
        group=group,
        checkpoint=inputs.checkpoint,
        on_epoch=finished,
        progress=progress,
    )


def _export(
    out: Path,
    settings: TrainSettings,
    model: Probability,
    threshold: float,
    provenance: Provenance,
    val_samples: CachedSamples,
) -> ModelCard:
    pictures, _ = val_samples.batch(range(min(COMPARED, len(val_samples))))
    return export_bundle(
        model,
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
