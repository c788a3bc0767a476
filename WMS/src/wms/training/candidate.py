"""`wms train`: make a candidate and register it. Nothing is in production by that."""

from __future__ import annotations

from wms.cloud.run_lease import renewed_run_lease
from wms.cloud.without_registry import consequence, tracking_registry, unregistered_because
from wms.core.context import Context
from wms.core.errors import DigestMismatchError, RecordError, RegistryError, UnregisteredModelError
from wms.core.files import read_record, write_record
from wms.core.layout import Layout
from wms.core.progress import Silent
from wms.core.records.training import Candidate, TrainResult
from wms.core.settings import settings_digest
from wms.data.assemble import require_dataset
from wms.model.bundle import verify_bundle
from wms.training import checkpoint as checkpoints
from wms.training.loop import fit
from wms.training.process_group import ProcessGroup, join_process_group
from wms.training.register import register
from wms.training.start import Resume, TrainingInputs, prepare_samples
from wms.training.tracking import deliver_tracking
from wms.training.train import train


def train_candidate(ctx: Context, group: ProcessGroup, *, resume: Resume) -> TrainResult:
    """Train on the run's dataset and register the candidate; this process leads.

    A registry that is known to take no models is left alone: the candidate says so.

    Unless `resume` is `never`, a training that has ended already is not done again, only brought to
    the registry.

    Raises:
        UnregisteredModelError: the model is trained and the registry did not take it.
    """
    request, layout = ctx.request, ctx.layout
    unregistered = unregistered_because(ctx)
    if unregistered:
        ctx.progress.say(consequence(unregistered))
    inputs = TrainingInputs.of(ctx)
    result = finished_training(layout, inputs) if resume != "never" else None
    if result is None:
        for name in ("train", "candidate"):
            layout.record(name).unlink(missing_ok=True)
        require_dataset(ctx)
        with renewed_run_lease(ctx):
            result = train(
                inputs,
                code_sha=ctx.code_sha,
                registry=tracking_registry(ctx, reason=unregistered),
                run_name=request.run_id,
                resume=resume,
                group=group,
                progress=ctx.progress,
            )
        write_record(layout.record("train"), result)
    else:
        group.agree(False)  # the others need not wait for a training
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
        raise UnregisteredModelError(
            f"the model is trained and safe in {layout.bundle}, but the registry did not take it: {error}"
        ) from error
    write_record(layout.record("candidate"), candidate)
    return result


def train_or_resume(ctx: Context) -> None:
    """Train as the job graph does: resume from a checkpoint of the same training, else start anew."""
    with join_process_group() as group:
        train_candidate(ctx, group, resume="if it fits")


def train_as_worker(inputs: TrainingInputs, group: ProcessGroup) -> None:
    """Compute this process's share of every batch of a training that another process leads.

    Writes nothing but decoded samples. Does nothing if the leader finds that the training has ended already.

    Raises:
        ImageError: a picture or mask cannot be read.
        TrainingError: the loss is not finite, or the leader's checkpoint cannot be read.
    """
    if not group.agree(False):
        return
    samples = prepare_samples(inputs, Silent())
    fit(
        train=samples.train,
        val=samples.val,
        settings=inputs.settings,
        state=checkpoints.load(inputs.checkpoint).state,
        group=group,
        checkpoint=inputs.checkpoint,
        on_epoch=lambda _: None,
        progress=Silent(),
    )


def finished_training(layout: Layout, inputs: TrainingInputs) -> TrainResult | None:
    """The record of the training in `run/`; `None` if it has not ended, or is not this one.

    The same pictures, the same settings and a bundle that is whole are asked for. The code may be
    another by now: the record says by which one the model was trained.
    """
    if not layout.record("train").is_file():
        return None
    result = read_record(layout.record("train"), TrainResult)
    wanted = (inputs.manifest.digest, settings_digest(inputs.settings))
    if (result.provenance.manifest_sha256, result.provenance.config_sha256) != wanted:
        return None
    try:
        card = verify_bundle(layout.bundle)
    except (DigestMismatchError, RecordError):
        return None  # Damaged since: the last checkpoint makes the bundle again.
    same = (card.weights_sha256, card.onnx_sha256) == (result.weights_sha256, result.onnx_sha256)
    return result if same else None
