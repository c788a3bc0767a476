"""Stages that judge a candidate; they run without PyTorch, on what is served."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.files import write_bytes, write_record
from wms.core.records.base import canonical_json
from wms.core.records.decision import GateDecision
from wms.core.records.evaluation import EvalReport
from wms.data.announce import announce_hold
from wms.data.verbs import require_dataset
from wms.gate.archive import archive_run
from wms.gate.evaluate import evaluate
from wms.gate.pictures import stored_gallery
from wms.gate.replay import decide_run
from wms.report.markdown import hold_body
from wms.report.records import RunRecords
from wms.run.current import champion_bundle, to_publish
from wms.training.deliver import finish_tracking


def run_evaluate(ctx: Context) -> EvalReport:
    """Score the candidate, and the champion, on main's test split and on its newcomers."""
    finish_tracking(ctx)
    require_dataset(ctx)
    layout, base, manifest = ctx.layout, ctx.base_manifest(), ctx.manifest()
    champion = champion_bundle(ctx)
    bundles = {"evaluation": layout.bundle}
    if champion is not None:
        bundles["evaluation-champion"] = champion
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
    """Decide, keep the run's records by digest, and say on the forge if nothing is promoted."""
    layout = ctx.layout
    decision = decide_run(layout.run, ctx.gate_policy)
    write_record(layout.record("decision"), decision)
    archive = archive_run(
        run_id=ctx.request.run_id, records=layout.run, bundle=layout.bundle, data_store=ctx.ports.data_store
    )
    if decision.verdict == "hold" or not to_publish(ctx):
        announce_hold(
            request=ctx.request,
            why=decision.reasons[0] if decision.verdict == "hold" else "the model is in no registry",
            archive=archive,
            body=hold_body(RunRecords.load(layout.run), gallery=stored_gallery(ctx), run_url=ctx.run_url),
            forge=ctx.ports.forge,
        )
    return decision
