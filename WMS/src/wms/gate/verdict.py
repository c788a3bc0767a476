"""`wms gate`: decide from the evaluations of a run, or replay a recorded decision."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import RecordError
from wms.core.files import read_record, write_record
from wms.core.production import main_head, model_history, rollback_target
from wms.core.records.dataset import DatasetManifest
from wms.core.records.decision import GateDecision, GateInputs, TrainingGrowth
from wms.core.records.evaluation import EvalReport
from wms.data.announce import announce_hold
from wms.gate.archive import archive_run, restore_run
from wms.gate.decide import decide, replay
from wms.gate.reports import stored_gallery
from wms.gate.tracked import Earlier, earlier_runs, log_verdict
from wms.report.markdown import hold_body
from wms.report.records import RunRecords

UNKNOWN = Earlier()

REPORTS = {
    "candidate": "evaluation",
    "champion": "evaluation-champion",
    "new_candidate": "evaluation-newcomers",
    "new_champion": "evaluation-newcomers-champion",
    "added": "evaluation-added",
}
"""The gate's inputs and the names of their records."""


def read_inputs(records: Path, earlier: Earlier = UNKNOWN) -> GateInputs:
    """Read the evaluation reports of a run, and how the training split grew.

    `earlier` is what the tracking server said.

    Raises:
        RecordError: the candidate's report is missing, or one is unreadable.
    """
    reports = {
        role: read_record(path, EvalReport)
        for role, name in REPORTS.items()
        if (path := records / f"{name}.json").is_file() or role == "candidate"
    }
    return GateInputs(
        **reports, training=_growth(records), asked_before=earlier.asked, tried_before=earlier.tried
    )


def _growth(records: Path) -> TrainingGrowth | None:
    """From the manifests of main and of the run; `None` where they are not with the records."""
    manifests = [records / "base.jsonl", records / "manifest.jsonl"]
    if not all(path.is_file() for path in manifests):
        return None
    before, after = (
        DatasetManifest.from_jsonl(path.read_bytes(), source=str(path)).of_split("train")
        for path in manifests
    )
    known = {(sample.image_sha256, sample.mask_sha256) for sample in before}
    added = sum((sample.image_sha256, sample.mask_sha256) not in known for sample in after)
    return TrainingGrowth(before=len(before), added=added)


def decide_promotion(ctx: Context) -> GateDecision:
    """Decide, keep the run's records by digest, and say on the forge if nothing is promoted."""
    decision = write_decision(ctx)
    archive = archive_run(ctx)
    if not ctx.is_publishable:
        announce_hold(
            ctx,
            why=decision.reasons[0] if decision.verdict == "hold" else "the model is in no registry",
            archive=archive,
            body=hold_body(RunRecords.load(ctx.layout.run), gallery=stored_gallery(ctx), run_url=ctx.run_url),
        )
    log_verdict(ctx, decision)
    return decision


def write_decision(ctx: Context) -> GateDecision:
    """Decide from the run's evaluations and from what the tracking server knows of earlier runs.

    Raises:
        RecordError: an evaluation is missing.
        RegistryError: the server cannot be asked.
    """
    layout = ctx.layout
    report = read_record(layout.record("evaluation"), EvalReport)
    inputs = read_inputs(layout.run, earlier_runs(ctx, report.samples_sha256))
    decision = decide(ctx.gate_policy, inputs)
    write_record(layout.record("decision"), decision)
    return decision


def decide_and_say(ctx: Context) -> None:
    """Decide, and say the verdict with its reasons."""
    decision = decide_promotion(ctx)
    ctx.progress.say(f"{decision.verdict}: {'; '.join(decision.reasons)}")
    if decision.verdict == "promote" and not ctx.is_publishable:
        ctx.progress.say("nothing is promoted: the model is in no registry")


def replay_decision(decision_file: Path) -> GateDecision:
    """Check a recorded decision against the reports beside it.

    The reports are bound to the decision by digest, so a report that was put in another's place is
    noticed as well as an edited one.

    Raises:
        RecordError: the decision does not follow from its records; or the decision names a report that is not
            beside it.
    """
    decision = read_record(decision_file, GateDecision)
    inputs = read_inputs(decision_file.parent)
    if (decision.champion is None) != (inputs.champion is None):
        raise RecordError(f"{decision_file} and the reports beside it are of different runs")
    if decision.training is not None and inputs.training is None:
        raise RecordError(f"base.jsonl or manifest.jsonl of the run is not beside {decision_file}")
    replay(decision, inputs)
    return decision


def replay_version(ctx: Context, version: int) -> GateDecision:
    """Check the decision that promoted a version against the records that the data store keeps of its run.

    Raises:
        NoProductionModelError: no such version was ever in production.
        RecordError: the decision does not follow from its records.
    """
    repository = ctx.ports.repository
    repository.fetch()
    promoted = rollback_target(model_history(repository, main_head(repository)), version)
    with tempfile.TemporaryDirectory() as folder:
        restore_run(promoted.records_sha256, ctx.ports.data_store, Path(folder))
        return replay_decision(Path(folder) / "decision.json")
