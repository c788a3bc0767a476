"""Train a model on a dataset's train and val samples, and report to the tracking server."""

from __future__ import annotations

from collections.abc import Sequence

from wms.core.errors import Code, TrainingError
from wms.core.files import write_bytes
from wms.core.ports import Registry, RunStatus
from wms.core.records.training import EpochMetrics, TrainResult
from wms.training.evidence import (
    HISTORY_FILE,
    environment,
    history_csv,
    run_params,
    write_evidence,
)
from wms.training.export import export_graph, write_card
from wms.training.loop import fit
from wms.training.quantise import squares_to_measure
from wms.training.start import BUNDLE_FOLDER, Resume, TrainingInputs, prepare_samples, start_training
from wms.training.tracking import EVIDENCE_FOLDER, Tracker, provenance_tags
from wms.training.validation import calibrate

TRACKING_WAIT_SECONDS = 60.0
"""How long the end of a training waits for the tracking server to take the rest."""

ABORT_WAIT_SECONDS = 5.0
"""The same after Ctrl-C or an error: somebody waits at the keyboard."""


def train(
    inputs: TrainingInputs, *, code_sha: str, registry: Registry, run_name: str, resume: Resume
) -> TrainResult:
    """Train, export the bundle, choose its threshold, and report to the tracking server.

    This process leads; the others of `inputs.group` call `train_as_worker`.

    Args:
        inputs: what to train on, how, and where to write.
        code_sha: the Git commit of the code, or `unknown`.
        registry: the tracking server; it may be away.
        run_name: the run's name on the server.
        resume: whether to resume from the last checkpoint.

    Returns:
        the record; `tracking_complete` is false if the server does not have everything.

    Raises:
        InputError: no train or no val samples.
        ImageError: an image or mask cannot be read.
        TrainingError: the loss is not finite.
        CheckpointError: `resume` is `always`, and the checkpoint is damaged or of another training.
        TrainingError: Ctrl-C; the last checkpoint is whole.
        ModelError: the exported graph does not answer like the network.
        StorageError: the disk is full or not writable.
    """
    settings, out, progress = inputs.settings, inputs.out, inputs.progress
    samples = prepare_samples(inputs)
    provenance = inputs.provenance(code_sha)
    state = start_training(inputs, samples, provenance=provenance, resume=resume)
    inputs.group.agree(True)  # the samples and the checkpoint are there now for the workers to read
    tracker = Tracker(
        out=out,
        registry=registry,
        run_name=run_name,
        params=run_params(settings, state.plan),
        tags={**environment(), **provenance_tags(provenance)},
    )

    def record(history: Sequence[EpochMetrics]) -> None:
        write_bytes(out / HISTORY_FILE, history_csv(history))
        tracker.track(history)

    def on_epoch(history: Sequence[EpochMetrics]) -> None:
        record(history)
        last = history[-1]
        progress.say(
            f"epoch {last.epoch + 1}/{state.plan.epochs}  {last.image_size_px} px  loss "
            f"{last.train_loss:.4f}  val loss {last.val_loss:.4f}  val Dice {last.val_dice:.3f}  "
            f"{last.images_per_second:.0f} images/s"
        )

    status: RunStatus = "failed"
    try:
        if state.history:
            record(state.history)  # a kill may have come between the checkpoint and this
        fitted = fit(inputs, samples, state, on_epoch=on_epoch)
        bundle = out / BUNDLE_FOLDER
        exported = export_graph(
            fitted.network,
            folder=bundle,
            preprocessing=inputs.preprocessing,
            squares=squares_to_measure(samples.train, settings.close_up, size_px=settings.image_size_px),
        )
        calibration = calibrate(exported.find, samples.val)
        card = write_card(
            exported,
            fitted.network,
            folder=bundle,
            architecture=settings.architecture,
            preprocessing=inputs.preprocessing,
            threshold=calibration.threshold,
            provenance=provenance,
        )
        write_evidence(
            out / EVIDENCE_FOLDER,
            bundle=bundle,
            history=fitted.history,
            best_epoch=fitted.best_epoch,
            probabilities=calibration.probabilities,
            settings=settings,
            samples=samples.val,
        )
        status = "finished"
    except KeyboardInterrupt as error:
        status = "killed"
        raise TrainingError(
            "the training was stopped; its last finished epoch is stored", Code.INTERRUPTED
        ) from error
    finally:
        wait = TRACKING_WAIT_SECONDS if status == "finished" else ABORT_WAIT_SECONDS
        tracked = tracker.finish(status, wait_seconds=wait)
    if not tracked:
        progress.say("The tracking server did not take all metrics; the next step of the run sends the rest.")
    return TrainResult(
        run_id=tracker.run_id,
        provenance=provenance,
        epochs=fitted.history,
        best_epoch=fitted.best_epoch,
        stopped_early=fitted.stopped_early,
        threshold=card.threshold,
        probabilities=calibration.probabilities,
        bundle=BUNDLE_FOLDER,
        weights_sha256=card.weights_sha256,
        onnx_sha256=card.onnx_sha256,
        parameters=card.parameters,
        seconds=fitted.seconds,
        tracking_complete=tracked,
    )
