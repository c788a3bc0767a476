"""`wms gate`: decide from the evaluations of a run, or replay a recorded decision."""

from __future__ import annotations

import tempfile
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import RecordError
from wms.core.files import read_record, write_record
from wms.core.production import main_head, model_history, rollback_target
from wms.core.records.decision import GateDecision, GateInputs
from wms.core.records.evaluation import EvalReport
from wms.data.announce import announce_hold
from wms.gate.archive import archive_run, restore_run
from wms.gate.decide import decide, replay
from wms.gate.reports import stored_gallery
from wms.report.markdown import hold_body
from wms.report.records import RunRecords

REPORTS = {
    "candidate": "evaluation",
    "champion": "evaluation-champion",
    "new_candidate": "evaluation-newcomers",
    "new_champion": "evaluation-newcomers-champion",
}
"""The gate's inputs and the names of their records."""


def read_inputs(records: Path) -> GateInputs:
    """Read the evaluation reports of a run.

    Raises:
        RecordError: the candidate's report is missing, or one is unreadable.
    """
    reports = {
        role: read_record(path, EvalReport)
        for role, name in REPORTS.items()
        if (path := records / f"{name}.json").is_file() or role == "candidate"
    }
    return GateInputs(**reports)


def decide_promotion(ctx: Context) -> GateDecision:
    """Decide, keep the run's records by digest, and say on the forge if nothing is promoted."""
    layout = ctx.layout
    decision = decide(ctx.gate_policy, read_inputs(layout.run))
    write_record(layout.record("decision"), decision)
    archive = archive_run(ctx)
    if not ctx.is_publishable:
        announce_hold(
            ctx,
            why=decision.reasons[0] if decision.verdict == "hold" else "the model is in no registry",
            archive=archive,
            body=hold_body(RunRecords.load(layout.run), gallery=stored_gallery(ctx), run_url=ctx.run_url),
        )
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
