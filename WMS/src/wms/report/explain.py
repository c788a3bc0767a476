"""The conditions of a promotion, for a person: in pull requests, reports and `wms gate --explain`."""

from __future__ import annotations

from typing import NamedTuple

from wms.core.records.decision import Check, GateDecision
from wms.core.records.metrics import METRICS


class Condition(NamedTuple):
    """What a promotion needs, what was found, what is required, and whether it is met."""

    what: str
    found: str
    required: str
    met: str


def conditions(decision: GateDecision) -> tuple[Condition, ...]:
    """The conditions that the gate asked, in order; none for a decision from before they were recorded."""
    return tuple(
        Condition(*_texts(check, decision), "yes" if check.met else "no") for check in decision.checks
    )


def _texts(check: Check, decision: GateDecision) -> tuple[str, str, str]:
    name, value, limit = check.name, f"{check.value:+.4f}", f"above {check.limit:g}"
    metrics = {metric.field: metric.name for metric in METRICS}
    if name == "test_images":
        return "test images", f"{check.value:.0f}", f"at least {check.limit:.0f}"
    if name == "typical_bound":
        return "Dice of the typical image, lower bound of the difference", value, limit
    if name == "failures":
        change = decision.failure_change
        seen = f"new failures (the champion alone: {change.mended})" if change else "new failures"
        found = f"{change.new if change else ''}; probability by chance {check.value:.0%}"
        return seen, found, f"at least {check.limit:.0%}"
    if name == "labels":
        labels = decision.label_change
        missed = f"{labels.failed} of {labels.images}" if labels else ""
        of_test = f"{decision.candidate.summary.failures} of {decision.candidate.summary.pictures}"
        what = f"new images whose mask the candidate misses (test images: {of_test})"
        return what, f"{missed}; probability by chance {check.value:.1%}", f"at least {check.limit:.0%}"
    if name.startswith("floor_"):
        return metrics[name.removeprefix("floor_")], f"{check.value:.4f}", f"at least {check.limit:g}"
    field, _, kind = name.rpartition("_")
    what = {"typical": "difference of the typical image", "bound": "lower bound of the difference"}[kind]
    return f"{metrics[field]}, {what}", value, limit
