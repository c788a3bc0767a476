"""Decide from the evaluation records of a run, or check that a recorded decision follows from them."""

from __future__ import annotations

from pathlib import Path

from wms.core.errors import RecordError
from wms.core.files import read_record
from wms.core.records.decision import GateDecision, GateInputs, GatePolicy, decide, replay
from wms.core.records.evaluation import EvalReport

REPORTS = {
    "candidate": "evaluation",
    "champion": "evaluation-champion",
    "newcomers_candidate": "evaluation-newcomers",
    "newcomers_champion": "evaluation-newcomers-champion",
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


def decide_run(records: Path, policy: GatePolicy) -> GateDecision:
    """The gate's decision on the evaluation records in a folder."""
    return decide(policy, read_inputs(records))


def replay_decision(decision_file: Path) -> GateDecision:
    """Check a recorded decision against the reports beside it.

    The reports are bound to the decision by digest, so a report that was put in another's place is
    noticed as well as an edited one.

    Raises:
        ReplayError: the decision does not follow from its records.
        RecordError: the decision names a report that is not beside it.
    """
    decision = read_record(decision_file, GateDecision)
    inputs = read_inputs(decision_file.parent)
    if (decision.champion is None) != (inputs.champion is None):
        raise RecordError(f"{decision_file} and the reports beside it are of different runs")
    replay(decision, inputs)
    return decision
