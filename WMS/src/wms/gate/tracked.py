"""What the tracking server knows of evaluations and verdicts: earlier tries, and this run's result."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from wms.core.context import Context
from wms.core.errors import RegistryError
from wms.core.files import read_record
from wms.core.records.decision import GateDecision
from wms.core.records.evaluation import EvalReport
from wms.core.records.metrics import METRICS
from wms.core.records.training import Candidate, TrainResult
from wms.core.words import counted

SAMPLES_TAG, QUESTION_TAG, VERDICT_TAG = "test_samples_sha256", "gate.question", "gate.verdict"
TRAIN_TAG = "train_split_sha256"
"""A tag of every training (`training/tracking.py`)."""


@dataclass(frozen=True)
class Earlier:
    """How many other runs were compared on the same test images; `None` where that is not known.

    `asked`: retrainings. `tried`: runs with new training data that were exactly these.
    """

    asked: int | None = None
    tried: int | None = None


def earlier_runs(ctx: Context, samples_sha256: str) -> Earlier:
    """Ask the tracking server; where the model is in no registry it cannot be promoted, and nobody is asked.

    Raises:
        RegistryError: the server cannot be asked.
    """
    candidate = read_record(ctx.layout.record("candidate"), Candidate)
    if candidate.version is None:
        return Earlier()
    result = read_record(ctx.layout.record("train"), TrainResult)
    same_images = {SAMPLES_TAG: samples_sha256}
    same_data = {TRAIN_TAG: result.provenance.train_split_sha256, QUESTION_TAG: "no harm"}
    count = ctx.ports.registry.count_runs
    return Earlier(
        asked=count(same_images | {QUESTION_TAG: "better"}, besides=candidate.run_id),
        tried=count(same_images | same_data, besides=candidate.run_id),
    )


def log_verdict(ctx: Context, decision: GateDecision) -> None:
    """Show the evaluation and the verdict on the pages of the run and of its registered version.

    A server that does not take it changes no verdict: it is said.
    """
    candidate = read_record(ctx.layout.record("candidate"), Candidate)
    champion = decision.champion
    if candidate.version is None or (champion and champion.weights_sha256 == candidate.weights_sha256):
        return
    try:
        _log(ctx, decision, candidate.run_id)
        summary, reasons = decision.candidate.summary, decision.reasons
        train = read_record(ctx.layout.record("train"), TrainResult)
        start = train.provenance.start.text if train.provenance.start else "random weights"
        lines = [
            f"**{decision.verdict}**: {reasons[0]}.",
            *(f"- {reason}" for reason in reasons[1:]),
            f"- trained for {counted(len(train.epochs), 'epoch')} from {start}",
            f"- pipeline run {ctx.request.run_id}, requested by {ctx.request.actor}",
        ]
        tags = {
            "verdict": decision.verdict,
            "dice": f"{summary.dice:.4f}",
            "code_sha": train.provenance.code_sha,
            "manifest_sha256": train.provenance.manifest_sha256,
        }
        ctx.ports.registry.describe(candidate.version, "\n".join(lines), tags=tags)
    except RegistryError as error:
        ctx.progress.say(f"the tracking server did not take the verdict; the report has it: {error}")


def _log(ctx: Context, decision: GateDecision, run_id: str) -> None:
    report = read_record(ctx.layout.record("evaluation"), EvalReport)
    values = {metric.field: metric.value(decision.candidate.summary) for metric in METRICS}
    tags = {SAMPLES_TAG: decision.samples_sha256, VERDICT_TAG: decision.verdict}
    if decision.question is not None:
        tags[QUESTION_TAG] = decision.question
    # The other metrics are medians and counts of the same values.
    columns = {metric.name: metric.of for metric in METRICS if metric.reduce is fmean}
    ctx.ports.registry.log_evaluation(
        run_id,
        metrics={f"test_{name}": value for name, value in values.items() if value is not None},
        tags=tags,
        table={"image": [score.stem for score in report.scores]}
        | {name: [round(of(score), 4) for score in report.scores] for name, of in columns.items()},
    )
