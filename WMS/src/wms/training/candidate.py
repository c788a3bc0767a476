"""`wms train`: train a candidate and register it. Production does not change."""

from __future__ import annotations

from dataclasses import replace

from wms.cloud.run_lease import renewed_run_lease
from wms.cloud.without_registry import consequence, tracking_registry, unregistered_because
from wms.core.context import Context
from wms.core.errors import Code, RecordError, RegistryError
from wms.core.files import read_record, write_record
from wms.core.layout import Layout
from wms.core.production import verify_bundle
from wms.core.records.training import Candidate, TrainResult
from wms.core.settings import settings_digest
from wms.data.assemble import require_dataset
from wms.training import checkpoint as checkpoints
from wms.training.initial import initial_weights
from wms.training.loop import fit
from wms.training.process_group import ProcessGroup, join_process_group
from wms.training.register import register
from wms.training.start import Resume, TrainingInputs, prepare_samples
from wms.training.tracking import deliver_tracking
from wms.training.train import train


def train_candidate(ctx: Context, group: ProcessGroup, *, resume: Resume) -> TrainResult:
    """Train on the run's dataset and register the candidate; this process leads.

    Unless `resume` is `never`, a training that has ended already is only registered. If it is known that
    the registry takes no models, it is not asked, and the candidate's record says so.

    Raises:
        RegistryError: the model is trained and the registry did not take it.
    """
    layout = ctx.layout
    unregistered = unregistered_because(ctx)
    if unregistered:
        ctx.progress.say(consequence(unregistered))
    inputs = TrainingInputs.of(ctx, group)
    result = finished_training(layout, inputs) if resume != "never" else None
    if result is None:
        for name in ("train", "candidate"):
            layout.record(name).unlink(missing_ok=True)
        require_dataset(ctx)
        inputs = replace(inputs, initial=initial_weights(ctx, inputs.settings))
        with renewed_run_lease(ctx):
            result = train(
                inputs,
                code_sha=ctx.code_sha,
                registry=tracking_registry(ctx, reason=unregistered),
                run_name=ctx.request.run_id,
                resume=resume,
            )
        write_record(layout.record("train"), result)
    else:
        group.agree(False)  # the workers need not wait for a training
    try:
        result = deliver_tracking(ctx, result)
        candidate = (
            Candidate(
                version=None,
                run_id=result.run_id,
                weights_sha256=result.weights_sha256,
                unregistered=unregistered,
            )
            if unregistered
            else register(result=result, bundle=layout.bundle, registry=ctx.ports.registry)
        )
    except RegistryError as error:
        raise RegistryError(
            f"the model is trained and safe in {layout.bundle}, but the registry did not take it: {error}",
            Code.UNREGISTERED,
        ) from error
    write_record(layout.record("candidate"), candidate)
    return result


def train_or_resume(ctx: Context) -> None:
    """Train as the job graph does: resume from a checkpoint of the same training, else start anew."""
    with join_process_group() as group:
        train_candidate(ctx, group, resume="if it fits")


def train_as_worker(inputs: TrainingInputs) -> None:
    """Compute this process's share of every batch of a training that another process leads.

    Writes nothing but decoded samples. Does nothing if the leader finds that the training has ended already.

    Raises:
        ImageError: an image or mask cannot be read.
        TrainingError: the loss is not finite, or the leader's checkpoint cannot be read.
    """
    if inputs.group.agree(False):
        state = checkpoints.load(inputs.checkpoint).state
        fit(inputs, prepare_samples(inputs), state, on_epoch=lambda _: None)


def finished_training(layout: Layout, inputs: TrainingInputs) -> TrainResult | None:
    """The record of the training in `run/`; `None` if it has not ended, or is a different one.

    It is the same one if dataset and settings are the same and the bundle is whole. The code may have
    changed since: the record says which code trained the model.
    """
    if not layout.record("train").is_file():
        return None
    result = read_record(layout.record("train"), TrainResult)
    wanted = (inputs.manifest.digest, settings_digest(inputs.settings))
    if (result.provenance.manifest_sha256, result.provenance.config_sha256) != wanted:
        return None
    try:
        card = verify_bundle(layout.bundle)
    except RecordError:
        return None  # Damaged since: the last checkpoint makes the bundle again.
    same = (card.weights_sha256, card.onnx_sha256) == (result.weights_sha256, result.onnx_sha256)
    return result if same else None
