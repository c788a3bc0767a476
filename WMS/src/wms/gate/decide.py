"""The decision: is the candidate better than the model in production?

The comparison is paired: both models saw the same images, so the per-image differences are
resampled (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentile
interval), which is far sharper than comparing two means.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist, fmean, stdev
from typing import Any

from wms.core.errors import Code, RecordError
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
from wms.core.records.metrics import GATED, headline

RULE_VERSION = 1
"""The rule that decides today. A changed rule gets the next number, and earlier ones stay for replays."""


def decide(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """Promote or hold, by today's rule; equal inputs give an equal decision.

    Raises:
        RecordError: candidate and champion were scored on different images.
    """
    return RULES[RULE_VERSION](policy, inputs)


def replay(decision: GateDecision, inputs: GateInputs) -> None:
    """Check that `decision` is what its policy and the reports lead to, by the rule that made it.

    Verdict, numbers and digests are compared, as far as the record states them; the wording of the reasons is
    not.

    Raises:
        RecordError: they differ; the message says where. Or this version does not know the rule.
    """
    rule = RULES.get(decision.rule_version)
    if rule is None:
        raise RecordError(
            f"the decision was made by rule {decision.rule_version}, which this version does not know",
            Code.REPLAY,
            remedy="Update wms to the version that main uses.",
        )
    again = rule(decision.policy, inputs).model_dump()
    stated = decision.model_dump(exclude_unset=True, exclude={"schema_version", "reasons"})
    if differing := [name for name, value in stated.items() if not _agrees(value, again[name])]:
        raise RecordError(
            f"the recorded decision does not follow from its records: {', '.join(differing)} differ",
            Code.REPLAY,
        )


def _agrees(stated: object, found: object) -> bool:
    """Whether a value is the one that was stated, but for rounding; what is not stated does not count."""
    if isinstance(stated, dict) and isinstance(found, dict):
        return all(name in found and _agrees(value, found[name]) for name, value in stated.items())
    if isinstance(stated, float) and isinstance(found, float):
        return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-12)
    return stated == found


def _rule_1(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    candidate, champion = inputs.candidate, inputs.champion
    gated = [metric for metric in GATED if metric.gated <= 1]
    common: dict[str, Any] = {
        "rule_version": 1,
        "policy": policy,
        "samples_sha256": candidate.samples_sha256,
        "candidate": _scored(candidate),
        "champion": _scored(champion) if champion else None,
        "newcomers": _new_samples(inputs),
    }
    summary = candidate.summary
    if champion is None:
        numbers = headline(summary)
    else:
        _require_same_images(candidate, champion)
        pairs = list(zip(candidate.scores, champion.scores, strict=True))
        # Rounded, so that equal predictions differ by exactly zero on every platform.
        differences = [[round(metric.of(a) - metric.of(b), 12) for a, b in pairs] for metric in gated]
        intervals = [_bootstrap(values, policy) for values in differences]
        changes = [
            f"{metric.name} {metric.shown(champion.summary)} -> {metric.shown(summary)} "
            f"({interval.mean:+.{metric.digits}f})"
            for metric, interval in zip(gated, intervals, strict=True)
        ]
        numbers = f"{', '.join(changes)}, {summary.pictures} test images"
        common |= {
            f"{metric.field}_difference": interval for metric, interval in zip(gated, intervals, strict=True)
        }

    def decided(verdict: Verdict, reason: str, needed: int | None = None) -> GateDecision:
        return GateDecision(verdict=verdict, reasons=(reason, numbers), pictures_needed=needed, **common)

    if summary.pictures < policy.min_pictures:
        reason = f"too few test images: {summary.pictures}, and the policy requires {policy.min_pictures}"
        return decided("hold", reason, policy.min_pictures)
    if champion is None:
        floors = {metric: getattr(policy, f"floor_{metric.field}") for metric in gated}
        named = ", ".join(f"{metric.name} {floor:.2f}" for metric, floor in floors.items())
        reached = all(getattr(summary, metric.field) >= floor for metric, floor in floors.items())
        where = "at or above" if reached else "below"
        return decided("promote" if reached else "hold", f"{where} the floor for a first model ({named})")
    if candidate.weights_sha256 == champion.weights_sha256:
        return decided("hold", "not better: the candidate's weights are already in production")
    confidence = f"{policy.confidence:.0%} confidence"
    if all(interval.low > 0 for interval in intervals):
        return decided("promote", f"better at {confidence}")
    if any(interval.high < 0 for interval in intervals):
        return decided("hold", f"worse at {confidence}")
    if any(interval.mean <= 0 for interval in intervals):
        return decided("hold", "not better")
    needed = max(_images_needed(values, policy) for values in differences)
    reason = (
        f"too few test images: the candidate looks better, but not at {confidence}; "
        f"about {needed} images would show it"
    )
    return decided("hold", reason, needed)


RULES: Mapping[int, Callable[[GatePolicy, GateInputs], GateDecision]] = {1: _rule_1}


def _scored(report: EvalReport) -> Scored:
    return Scored(weights_sha256=report.weights_sha256, report_sha256=report.digest, summary=report.summary)


def _new_samples(inputs: GateInputs) -> NewSamples | None:
    if inputs.new_candidate is None:
        return None
    champion = inputs.new_champion
    if champion is not None:
        _require_same_images(inputs.new_candidate, champion)
    return NewSamples(
        candidate=_scored(inputs.new_candidate), champion=_scored(champion) if champion else None
    )


def _require_same_images(candidate: EvalReport, champion: EvalReport) -> None:
    if (champion.samples_sha256, _stems(champion)) != (candidate.samples_sha256, _stems(candidate)):
        raise RecordError(
            "candidate and champion were scored on different images, so they cannot be compared",
            remedy="Run `wms evaluate` again: it scores both on the test split of main.",
        )


def _stems(report: EvalReport) -> list[str]:
    return [score.stem for score in report.scores]


def _bootstrap(differences: Sequence[float], policy: GatePolicy) -> Interval:
    """Percentile bounds of the mean, each one-sided at the policy's confidence."""
    rng = random.Random(policy.bootstrap_seed)
    size = len(differences)
    means = sorted(fmean(rng.choices(differences, k=size)) for _ in range(policy.resamples))
    tail = math.floor((1 - policy.confidence) * policy.resamples)
    return Interval(mean=fmean(differences), low=means[tail], high=means[-1 - tail])


def _images_needed(differences: Sequence[float], policy: GatePolicy) -> int:
    """Sample size of a one-sided paired z-test: ((z_confidence + z_power) * sd / mean) squared."""
    mean = fmean(differences)
    z = NormalDist().inv_cdf(policy.confidence) + NormalDist().inv_cdf(policy.power)
    needed = math.ceil((z * stdev(differences) / mean) ** 2)
    return max(needed, len(differences) + 1)
