"""What the tracking server knows of evaluations and verdicts: earlier retrainings, and this run's result."""

from __future__ import annotations

from wms.core.context import Context
from wms.core.files import read_record
from wms.core.records.decision import GateDecision
from wms.core.records.evaluation import EvalReport
from wms.core.records.metrics import METRICS
from wms.core.records.training import Candidate, TrainResult
from wms.core.words import counted

SAMPLES_TAG, QUESTION_TAG, VERDICT_TAG = "test_samples_sha256", "gate.question", "gate.verdict"


def earlier_retrainings(ctx: Context, samples_sha256: str) -> int | None:
    """How many other runs asked the same test images without new training data.

    `None` where the model is in no registry, so that it cannot be promoted anyway.

    Raises:
        RegistryError: the server cannot be asked.
    """
    candidate = _candidate(ctx)
    if candidate.version is None:
        return None
    tags = {SAMPLES_TAG: samples_sha256, QUESTION_TAG: "better"}
    return ctx.ports.registry.count_runs(tags, besides=candidate.run_id)


def log_verdict(ctx: Context, decision: GateDecision, report: EvalReport) -> None:
    """Show the evaluation and the verdict on the pages of the run and of its registered version.

    Raises:
        RegistryError: the server did not take it.
    """
    candidate, registry = _candidate(ctx), ctx.ports.registry
    if candidate.version is None:
        return
    summary = decision.candidate.summary
    values = {metric.field: metric.value(summary) for metric in METRICS}
    tags = {SAMPLES_TAG: decision.samples_sha256, VERDICT_TAG: decision.verdict}
    if decision.question is not None:
        tags[QUESTION_TAG] = decision.question
    per_image = [metric for metric in METRICS if metric.digits]
    registry.log_evaluation(
        candidate.run_id,
        metrics={f"test_{name}": value for name, value in values.items() if value is not None},
        tags=tags,
        table={"image": [score.stem for score in report.scores]}
        | {metric.name: [round(metric.of(score), 4) for score in report.scores] for metric in per_image},
    )
    train = read_record(ctx.layout.record("train"), TrainResult)
    start = train.provenance.start.text if train.provenance.start else "random weights"
    lines = [
        f"**{decision.verdict}**: {decision.reasons[0]}.",
        *(f"- {reason}" for reason in decision.reasons[1:]),
        f"- trained for {counted(len(train.epochs), 'epoch')} from {start}",
        f"- pipeline run {ctx.request.run_id}, asked for by {ctx.request.actor}",
    ]
    registry.describe(
        candidate.version, "\n".join(lines), tags={"verdict": decision.verdict, "dice": f"{summary.dice:.4f}"}
    )


def _candidate(ctx: Context) -> Candidate:
    return read_record(ctx.layout.record("candidate"), Candidate)
