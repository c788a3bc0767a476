"""Stages that make a candidate and judge it."""

from __future__ import annotations

from wms.config import load_train_settings
from wms.domain.errors import RegistryError, UnregisteredModelError
from wms.domain.evaluation import EvalReport
from wms.domain.gate import GateDecision
from wms.domain.records import canonical_json
from wms.domain.training import TrainResult
from wms.files import read_record, write_bytes, write_record
from wms.ml.team import Team
from wms.pipeline.context import Context
from wms.pipeline.stages.instance import kept_lease
from wms.report.markdown import hold_body
from wms.report.records import RunRecords
from wms.steps.archive import archive_run
from wms.steps.assist import assist
from wms.steps.evaluate import evaluate
from wms.steps.finished_training import finished_training
from wms.steps.gate import decide_run
from wms.steps.hold import announce_hold
from wms.steps.production import fetch_bundle, metadata_at
from wms.steps.register import register
from wms.steps.tracking import flush_spool
from wms.steps.train import train
from wms.steps.training_start import Resume


def run_train(ctx: Context, team: Team, *, resume: Resume) -> TrainResult:
    """Train on the run's dataset and register the candidate; this process leads the team.

    Unless `resume` is `never`, a training that has ended already is not done again, only brought to
    the registry.

    Raises:
        UnregisteredModelError: the model is trained and the registry did not take it.
    """
    request, layout = ctx.request, ctx.layout
    settings = load_train_settings(layout.root, request.options.train_overrides)
    result = finished_training(layout, ctx.manifest(), settings) if resume != "never" else None
    if result is None:
        for name in ("train", "candidate"):
            layout.record(name).unlink(missing_ok=True)
        with kept_lease(ctx):
            result = train(
                manifest=ctx.manifest(),
                dataset=layout.dataset,
                settings=settings,
                mask_threshold=ctx.data_settings.validation.mask_threshold,
                out=layout.run,
                cache=layout.cache,
                code_sha=ctx.code_sha,
                registry=ctx.ports.registry,
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
        candidate = register(result=result, bundle=layout.bundle, registry=ctx.ports.registry)
    except RegistryError as error:
        raise UnregisteredModelError(
            f"the model is trained and safe in {layout.bundle}, but the registry did not take it: {error}"
        ) from error
    write_record(layout.record("candidate"), candidate)
    return result


def finish_tracking(ctx: Context) -> None:
    """Send what the tracking server missed of a training whose candidate is registered already."""
    layout = ctx.layout
    if layout.record("candidate").is_file():
        deliver_tracking(ctx, read_record(layout.record("train"), TrainResult))


def deliver_tracking(ctx: Context, result: TrainResult) -> TrainResult:
    """Send what the tracking server missed of a training, and write down what it has now.

    Raises:
        RegistryError: the server still knows nothing of this training.
    """
    if result.tracking_complete:
        return result
    delivered = flush_spool(result, out=ctx.layout.run, registry=ctx.ports.registry)
    write_record(ctx.layout.record("train"), delivered)
    return delivered


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


def run_evaluate(ctx: Context) -> EvalReport:
    """Score the candidate, and the champion, on main's test split and on its newcomers."""
    finish_tracking(ctx)
    layout, base, manifest = ctx.layout, ctx.base_manifest(), ctx.manifest()
    champion = metadata_at(ctx.ports.repository, ctx.request.base_sha)
    bundles = {"evaluation": layout.bundle}
    if champion is not None:
        bundles["evaluation-champion"] = fetch_bundle(
            champion.card_sha256, ctx.ports.data_store, layout.champions / champion.weights_sha256[:16]
        )
    frozen = base.of_split("test")
    known = {(sample.stem, sample.image_sha256, sample.mask_sha256) for sample in frozen}
    newcomers = [
        sample
        for sample in manifest.of_split("test")
        if (sample.stem, sample.image_sha256, sample.mask_sha256) not in known
    ]
    deciding = (frozen, layout.base) if champion is not None else (manifest.of_split("test"), layout.dataset)
    wanted = [(name, bundle, *deciding) for name, bundle in bundles.items()]
    if champion is not None and newcomers:
        wanted += [
            (name.replace("evaluation", "evaluation-newcomers", 1), bundle, tuple(newcomers), layout.dataset)
            for name, bundle in bundles.items()
        ]
    reports = {}
    for name, bundle, samples, folder in wanted:
        ctx.progress.say(f"{name}: {len(samples)} pictures")
        reports[name] = evaluate(
            bundle=bundle,
            samples=samples,
            dataset=folder,
            mask_threshold=ctx.data_settings.validation.mask_threshold,
            progress=ctx.progress,
        )
        write_record(layout.record(name), reports[name])
    summary = reports["evaluation"].summary
    write_bytes(layout.record("metrics"), canonical_json(summary.model_dump()))
    return reports["evaluation"]


def run_gate(ctx: Context) -> GateDecision:
    """Decide, keep the run's records by digest, and say on the forge if it is a hold."""
    layout = ctx.layout
    decision = decide_run(layout.run, ctx.gate_policy)
    write_record(layout.record("decision"), decision)
    archive = archive_run(
        run_id=ctx.request.run_id, records=layout.run, bundle=layout.bundle, data_store=ctx.ports.data_store
    )
    if decision.verdict == "hold":
        announce_hold(
            request=ctx.request,
            decision=decision,
            archive=archive,
            body=hold_body(RunRecords.load(layout.run)),
            forge=ctx.ports.forge,
        )
    return decision
