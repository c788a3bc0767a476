"""The rules that decide, one function a version. A changed rule gets the next number.

A decision is replayed by the rule that made it (`gate/decide.py`), so a rule keeps its answers for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from wms.core.records.decision import (
    Check,
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
from wms.core.words import counted, percent
from wms.gate.compare import (
    bootstrap,
    differences,
    failure_change,
    images_needed,
    label_change,
    require_same_images,
    trimmed_mean,
)


def rule_1(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """Until November 2026: promote what is better in every gated metric at the confidence."""
    case = _Case(1, policy, inputs, policy.confidence)
    return case.without_comparison() or case.superiority()


def rule_2(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """As much evidence as the situation needs.

    Where new training data came in, the typical image must be better and harm must be unlikely: at the
    confidence the typical image's Dice does not fall by more than the margin, and no more images fail than
    chance explains. Where nothing new came in, or the same data were tried before, the candidate must be
    better; each earlier try on the same test images raises the confidence (`confidence_of_try`).
    """
    growth = inputs.training
    came_in = growth is not None and growth.is_new_data(policy)
    tried_before = (inputs.tried_before or 0) if came_in else 0
    new_data = came_in and not tried_before
    tries = 0 if new_data else (inputs.asked_before or 0) + tried_before
    at = policy.confidence if new_data else confidence_of_try(policy.retrain_confidence, 1 + tries)
    case = _Case(2, policy, inputs, at)
    case.common |= {
        "question": None if inputs.champion is None else "no harm" if new_data else "better",
        "training": growth,
        "asked_before": inputs.asked_before,
        "tried_before": inputs.tried_before,
        "confidence": case.confidence,
    }
    if (decision := case.without_comparison()) is not None:
        return decision
    if (held := _wrong_masks(case)) is not None:
        return held
    if not new_data:
        return case.superiority(_why_superiority(inputs, tries, case.confidence))
    return _no_harm(case, added=growth.added if growth else 0)


def confidence_of_try(confidence: float, number: int) -> float:
    """The confidence that the n-th try on the same test images needs: the policy's for the first.

    The chance of a lucky promotion is a = 1 - confidence for the first try and a / (n (n + 1)) for the n-th,
    so all tries together are promoted by luck with a probability of at most 1.5 a, the sum of the chances.
    The purpose is that of the ladder of Blum and Hardt (2015): no test set is worn out by trying.
    """
    return confidence if number == 1 else 1 - (1 - confidence) / (number * (number + 1))


def _wrong_masks(case: _Case) -> GateDecision | None:
    """Hold new data whose masks the candidate, which learned from them, misses more often than test images.

    A training that starts from a good model is hardly worse for a few wrong masks, so the scores alone do not
    show them. Images of a new kind of meter pass: the candidate has learned them.
    """
    candidate, added, policy = case.inputs.candidate, case.inputs.added, case.policy
    if added is None:
        return None
    change = label_change(candidate, added)
    case.common |= {"label_change": change, "added": _scored(added)}
    if case.meets("labels", change.chance, policy.label_chance, met=change.chance >= policy.label_chance):
        return None
    new = f"{change.failed} of {counted(change.images, 'new image')}"
    test = f"{candidate.summary.failures} of {counted(candidate.summary.pictures, 'test image')}"
    reason = f"the new masks look wrong: the candidate misses {new}, but only {test}"
    return case.decided("hold", reason)


def _no_harm(case: _Case, *, added: int) -> GateDecision:
    policy, inputs = case.policy, case.inputs
    assert inputs.champion is not None  # noqa: S101 - narrows for the type checker
    loss = f"a loss of more than {policy.margin_dice:g} Dice"
    case.notes = (
        f"the rule for new data applies: the typical image must be better, and {loss} must be unlikely",
    )
    trimmed = partial(trimmed_mean, share=policy.trimmed_share)
    typical = bootstrap(case.values[GATED[0]], policy, policy.confidence, trimmed)
    failures = failure_change(inputs.candidate, inputs.champion)
    case.common |= {"typical_difference": typical, "failure_change": failures}
    at = f"at {percent(policy.confidence)} confidence"
    rise = {metric: trimmed(values) for metric, values in case.values.items()}
    fallen = [
        metric.name
        for metric, value in rise.items()
        if not case.meets(f"{metric.field}_typical", value, 0.0, met=value > 0)
    ]
    lowest = -policy.margin_dice
    safe = case.meets("typical_bound", typical.low, lowest, met=typical.low > lowest)
    least = 1 - policy.confidence
    reliable = case.meets("failures", failures.chance, least, met=failures.chance >= least)
    data = counted(added, "new training image")
    if any(interval.high < 0 for interval in case.intervals.values()):
        return case.decided("hold", f"worse {at}, with {data}")
    if fallen:
        return case.decided(
            "hold", f"not better: {' and '.join(fallen)} of the typical image did not rise, with {data}"
        )
    if not safe:
        return case.decided(
            "hold", f"harm is possible: the typical image may lose more than {policy.margin_dice:g} Dice {at}"
        )
    if not reliable:
        return case.decided(
            "hold",
            f"less reliable {at}: it fails on {counted(failures.new, 'test image')} that the model in "
            f"production finds, and finds {failures.mended} that it fails on",
        )
    return case.decided("promote", f"better, with {data}; harm is unlikely {at}")


def _why_superiority(inputs: GateInputs, tries: int, confidence: float) -> str:
    if inputs.training is None:
        why = "it is not known whether new training data came in"
    elif inputs.training.added and inputs.tried_before:
        why = "the same training data were tried before"
    elif inputs.training.added:
        why = f"only {counted(inputs.training.added, 'new training image')} came in"
    else:
        why = "no new training data came in"
    if inputs.asked_before is None:
        earlier = "it is not known how many earlier runs were compared on the same test images"
    else:
        earlier = f"{counted(tries, 'earlier run')} compared on the same test images"
    at = f"better at {percent(confidence)} confidence"
    return f"the rule for a retraining applies, because {why}: {at}; {earlier}"


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
    checks: list[Check] = field(init=False, default_factory=list)

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
        enough = summary.pictures >= policy.min_pictures
        if not self.meets("test_images", summary.pictures, policy.min_pictures, met=enough):
            reason = f"too few test images: {summary.pictures}, and the policy requires {policy.min_pictures}"
            return self.decided("hold", reason, policy.min_pictures)
        if self.inputs.champion is None:
            floors = {metric: getattr(policy, f"floor_{metric.field}") for metric in self.gated}
            named = ", ".join(f"{metric.name} {floor:.2f}" for metric, floor in floors.items())
            values = {metric: float(getattr(summary, metric.field)) for metric in floors}
            met = [
                self.meets(f"floor_{metric.field}", values[metric], floor, met=values[metric] >= floor)
                for metric, floor in floors.items()
            ]
            reached = all(met)
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
        at = f"{percent(self.confidence)} confidence"
        if (1 - self.confidence) * self.policy.resamples < 1:
            return self.decided("hold", "too many tries on the same test images; more data are needed")
        intervals = self.intervals.values()
        met = [
            self.meets(f"{metric.field}_bound", interval.low, 0.0, met=interval.low > 0)
            for metric, interval in self.intervals.items()
        ]
        if all(met):
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

    def meets(self, name: str, value: float, limit: float, *, met: bool) -> bool:
        """Note a condition, and return whether it is met."""
        self.checks.append(Check(name=name, value=value, limit=limit, met=met))
        return met

    def decided(self, verdict: Verdict, reason: str, needed: int | None = None) -> GateDecision:
        """The decision, with its reason, its numbers and the rule that applied."""
        reasons = (reason, self.numbers, *self.notes)
        checks = tuple(self.checks)
        return GateDecision(
            verdict=verdict, reasons=reasons, pictures_needed=needed, checks=checks, **self.common
        )


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
