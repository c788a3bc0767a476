"""The stage that makes a candidate."""

from __future__ import annotations

from wms.cloud.degraded import consequence, tracking_registry, unregistered_because
from wms.cloud.verbs import kept_lease
from wms.core.context import Context
from wms.core.errors import RegistryError, UnregisteredModelError
from wms.core.files import write_record
from wms.core.records.training import Candidate, TrainResult
from wms.core.settings import load_train_settings
from wms.data.verbs import require_dataset
from wms.training.deliver import deliver_tracking
from wms.training.finished import finished_training
from wms.training.process_group import Team
from wms.training.register import register
from wms.training.start import Resume
from wms.training.train import train
from wms.training.worker import assist


def run_train(ctx: Context, team: Team, *, resume: Resume) -> TrainResult:
    """Train on the run's dataset and register the candidate; this process leads the team.

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
    settings = load_train_settings(layout.root, request.options.train_overrides)
    result = finished_training(layout, ctx.manifest(), settings) if resume != "never" else None
    if result is None:
        for name in ("train", "candidate"):
            layout.record(name).unlink(missing_ok=True)
        require_dataset(ctx)
        with kept_lease(ctx):
            result = train(
                manifest=ctx.manifest(),
                dataset=layout.dataset,
                settings=settings,
                mask_threshold=ctx.data_settings.validation.mask_threshold,
                out=layout.run,
                cache=layout.cache,
                code_sha=ctx.code_sha,
                registry=tracking_registry(ctx, reason=unregistered),
                run_name=request.run_id,
                resume=resume,
                team=team,
                progress=ctx.progress,
            )
        write_record(layout.record("train"), result)
    else:
        team.agree(False)  # the others need not wait for a training
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


def run_assist(ctx: Context, team: Team) -> None:
    """Take this process's part in a training that another process of the team leads."""
    layout = ctx.layout
    assist(
        manifest=ctx.manifest(),
        dataset=layout.dataset,
        settings=load_train_settings(layout.root, ctx.request.options.train_overrides),
        mask_threshold=ctx.data_settings.validation.mask_threshold,
        out=layout.run,
        cache=layout.cache,
        team=team,
    )
