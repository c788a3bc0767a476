"""The rules that decide, one function a version. A changed rule gets the next number.

A decision is replayed by the rule that made it (`gate/decide.py`), so a rule keeps its answers for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wms.core.records.decision import (
    GateDecision,
    GateInputs,
    GatePolicy,
    Interval,
    NewSamples,
    Scored,
    Verdict,
)
from wms.core.records.evaluation import EvalReport
from wms.core.records.metrics import GATED, Metric, headline
from wms.core.words import counted
from wms.gate.compare import (
    bootstrap,
    differences,
    failure_change,
    images_needed,
    require_same_images,
    trimmed_mean,
)


def rule_1(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """Until November 2026: promote what is better in every gated metric at the confidence."""
    case = _Case(1, policy, inputs, policy.confidence)
    return case.without_comparison() or case.superiority()


def rule_2(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """As much evidence as the situation needs.

    Where new training data came in, the gated metrics must be better and harm must be unlikely: at the
    confidence the typical image's Dice does not fall by more than the margin, and no more images fail than
    chance explains. Where nothing new came in, the candidate must be better at a confidence that rises with
    the number of earlier retrainings on the same test images, so that trying seeds does not win by luck (a
    Bonferroni correction; the purpose is that of the ladder of Blum and Hardt 2015).
    """
    growth = inputs.training
    new_data = growth is not None and growth.is_new_data(policy)
    tries = 1 if new_data else 1 + (inputs.asked_before or 0)
    case = _Case(2, policy, inputs, 1 - (1 - policy.confidence) / tries)
    case.common |= {"training": growth, "asked_before": inputs.asked_before, "confidence": case.confidence}
    if (decision := case.without_comparison()) is not None:
        return decision
    assert inputs.champion is not None  # noqa: S101 - narrows for the type checker
    typical = bootstrap(
        case.values[GATED[0]], policy, policy.confidence, partial(trimmed_mean, share=policy.trimmed_share)
    )
    failures = failure_change(inputs.candidate, inputs.champion)
    case.common |= {"typical_difference": typical, "failure_change": failures}
    if not new_data:
        case.common["question"] = "better"
        return case.superiority(_why_superiority(inputs, case.confidence))
    case.common["question"] = "no harm"
    harm = f"no harm beyond {policy.margin_dice:g} Dice is likely"
    case.notes = (f"the rule for new data applies: better on average, and {harm}",)
    added = counted(growth.added if growth else 0, "new training image")
    at = f"at {policy.confidence:.0%} confidence"
    fallen = [metric.name for metric, interval in case.intervals.items() if interval.mean <= 0]
    if fallen:
        return case.decided("hold", f"not better: {' and '.join(fallen)} did not rise, with {added}")
    if typical.low <= -policy.margin_dice:
        return case.decided(
            "hold", f"harm is possible: the typical image may lose more than {policy.margin_dice:g} Dice {at}"
        )
    if failures.chance < 1 - policy.confidence:
        return case.decided(
            "hold",
            f"less reliable {at}: it fails on {counted(failures.new, 'test image')} that the model in "
            f"production finds, and finds {failures.mended} that it fails on",
        )
    return case.decided("promote", f"better, with {added}; harm is unlikely {at}")


def _why_superiority(inputs: GateInputs, confidence: float) -> str:
    added = inputs.training.added if inputs.training else 0
    why = f"only {counted(added, 'new training image')} came in" if added else "no new training data came in"
    if inputs.asked_before is None:
        tries = "it is not known how often these test images were asked"
    else:
        tries = f"{counted(inputs.asked_before, 'retraining')} before it asked the same test images"
    return f"the rule for a retraining applies, because {why}: better at {confidence:.1%} confidence; {tries}"


@dataclass
class _Case:
    """One comparison: what every rule computes, and the decision that it ends in."""

    version: int
    policy: GatePolicy
    inputs: GateInputs
    confidence: float
    values: dict[Metric, list[float]] = field(init=False, default_factory=dict)
    intervals: dict[Metric, Interval] = field(init=False, default_factory=dict)
    common: dict[str, Any] = field(init=False)
    notes: tuple[str, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        candidate, champion = self.inputs.candidate, self.inputs.champion
        self.gated = [metric for metric in GATED if metric.gated <= self.version]
        self.numbers = headline(candidate.summary)
        self.common = {
            "rule_version": self.version,
            "policy": self.policy,
            "samples_sha256": candidate.samples_sha256,
            "candidate": _scored(candidate),
            "champion": _scored(champion) if champion else None,
            "newcomers": _new_samples(self.inputs),
        }
        if champion is None:
            return
        require_same_images(candidate, champion)
        for metric in self.gated:
            self.values[metric] = differences(metric, candidate, champion)
            self.intervals[metric] = bootstrap(self.values[metric], self.policy, self.confidence)
            self.common[f"{metric.field}_difference"] = self.intervals[metric]
        changes = [
            f"{metric.name} {metric.shown(champion.summary)} -> {metric.shown(candidate.summary)} "
            f"({interval.mean:+.{metric.digits}f})"
            for metric, interval in self.intervals.items()
        ]
        self.numbers = f"{', '.join(changes)}, {candidate.summary.pictures} test images"

    def without_comparison(self) -> GateDecision | None:
        """The decision where nothing is to compare: too few images, a first model, the same weights."""
        candidate, policy, summary = self.inputs.candidate, self.policy, self.inputs.candidate.summary
        if summary.pictures < policy.min_pictures:
            reason = f"too few test images: {summary.pictures}, and the policy requires {policy.min_pictures}"
            return self.decided("hold", reason, policy.min_pictures)
        if self.inputs.champion is None:
            floors = {metric: getattr(policy, f"floor_{metric.field}") for metric in self.gated}
            named = ", ".join(f"{metric.name} {floor:.2f}" for metric, floor in floors.items())
            reached = all(getattr(summary, metric.field) >= floor for metric, floor in floors.items())
            where = "at or above" if reached else "below"
            return self.decided(
                "promote" if reached else "hold", f"{where} the floor for a first model ({named})"
            )
        if candidate.weights_sha256 == self.inputs.champion.weights_sha256:
            return self.decided("hold", "not better: the candidate's weights are already in production")
        return None

    def superiority(self, *notes: str) -> GateDecision:
        """Promote if the lower bound of every gated metric's difference is above zero."""
        self.notes = notes
        at = f"{self.confidence:.0%} confidence"
        intervals = self.intervals.values()
        if all(interval.low > 0 for interval in intervals):
            return self.decided("promote", f"better at {at}")
        if any(interval.high < 0 for interval in intervals):
            return self.decided("hold", f"worse at {at}")
        if any(interval.mean <= 0 for interval in intervals):
            return self.decided("hold", "not better")
        needed = max(
            images_needed(values, self.confidence, self.policy.power) for values in self.values.values()
        )
        reason = (
            f"too few test images: the candidate looks better, but not at {at}; "
            f"about {needed} images would show it"
        )
        return self.decided("hold", reason, needed)

    def decided(self, verdict: Verdict, reason: str, needed: int | None = None) -> GateDecision:
        """The decision, with its reason, its numbers and the rule that applied."""
        reasons = (reason, self.numbers, *self.notes)
        return GateDecision(verdict=verdict, reasons=reasons, pictures_needed=needed, **self.common)


def _scored(report: EvalReport) -> Scored:
    return Scored(weights_sha256=report.weights_sha256, report_sha256=report.digest, summary=report.summary)


def _new_samples(inputs: GateInputs) -> NewSamples | None:
    if inputs.new_candidate is None:
        return None
    champion = inputs.new_champion
    if champion is not None:
        require_same_images(inputs.new_candidate, champion)
    return NewSamples(
        candidate=_scored(inputs.new_candidate), champion=_scored(champion) if champion else None
    )
