"""The decision: is the candidate better than the model in production?

The question is paired: both models saw the same pictures, so the per-picture differences are
resampled (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13: percentile
interval), which is far sharper than comparing two means.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist, fmean, stdev
from typing import Any

from wms.core.errors import RecordError, ReplayError
from wms.core.records.decision import GateDecision, GateInputs, GatePolicy, Interval, Newcomers, Scored
from wms.core.records.evaluation import EvalReport
from wms.core.records.metrics import MetricSummary

RULE_VERSION = 1
"""The rule that decides today. A changed rule gets the next number, and earlier ones stay for replays."""


def decide(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """Promote or hold, by today's rule; equal inputs give an equal decision.

    Raises:
        RecordError: candidate and champion were scored on different pictures.
    """
    return RULES[RULE_VERSION](policy, inputs)


def replay(decision: GateDecision, inputs: GateInputs) -> None:
    """Check that `decision` is what its policy and the reports lead to, by the rule that made it.

    Verdict, numbers and digests are compared, as far as the record states them; the wording of the reasons is
    not.

    Raises:
        ReplayError: they differ; the message says where. Or this version does not know the rule.
    """
    rule = RULES.get(decision.rule_version)
    if rule is None:
        raise ReplayError(
            f"the decision was made by rule {decision.rule_version}, which this version does not know",
            remedy="Update wms to the version that main uses.",
        )
    again = rule(decision.policy, inputs).model_dump()
    stated = decision.model_dump(exclude_unset=True, exclude={"schema_version", "reasons"})
    if differing := [name for name, value in stated.items() if not _agrees(value, again[name])]:
        raise ReplayError(
            f"the recorded decision does not follow from its records: {', '.join(differing)} differ"
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
    common: dict[str, Any] = {
        "rule_version": 1,
        "policy": policy,
        "samples_sha256": candidate.samples_sha256,
        "candidate": _scored(candidate),
        "champion": _scored(champion) if champion else None,
        "newcomers": _newcomers(inputs),
    }
    if champion is None:
        return _against_floor(common, policy, candidate.summary)
    _require_same_pictures(candidate, champion)
    dice = [_minus(a.dice, b.dice) for a, b in zip(candidate.scores, champion.scores, strict=True)]
    iou = [_minus(a.iou, b.iou) for a, b in zip(candidate.scores, champion.scores, strict=True)]
    dice_interval = _bootstrap(dice, policy)
    iou_interval = _bootstrap(iou, policy)
    common |= {"dice_difference": dice_interval, "iou_difference": iou_interval}
    summary = candidate.summary
    numbers = (
        f"Dice {champion.summary.dice:.4f} -> {summary.dice:.4f} ({dice_interval.mean:+.4f}), "
        f"IoU {champion.summary.iou:.4f} -> {summary.iou:.4f} ({iou_interval.mean:+.4f}), "
        f"{summary.pictures} test pictures"
    )
    if summary.pictures < policy.min_pictures:
        reason = f"too few pictures to tell: {summary.pictures}, and the policy wants {policy.min_pictures}"
        return GateDecision(
            verdict="hold", reasons=(reason, numbers), pictures_needed=policy.min_pictures, **common
        )
    if candidate.weights_sha256 == champion.weights_sha256:
        reason = "not better: the candidate's weights are those in production"
        return GateDecision(verdict="hold", reasons=(reason, numbers), **common)
    confidence = f"{policy.confidence:.0%} confidence"
    if dice_interval.low > 0 and iou_interval.low > 0:
        return GateDecision(verdict="promote", reasons=(f"better at {confidence}", numbers), **common)
    if dice_interval.high < 0 or iou_interval.high < 0:
        return GateDecision(verdict="hold", reasons=(f"worse at {confidence}", numbers), **common)
    if dice_interval.mean <= 0 or iou_interval.mean <= 0:
        return GateDecision(verdict="hold", reasons=("not better", numbers), **common)
    needed = max(_pictures_needed(dice, policy), _pictures_needed(iou, policy))
    reason = (
        f"too few pictures to tell: it looks better, but {summary.pictures} test pictures do not show it "
        f"at {confidence}; about {needed} would"
    )
    return GateDecision(verdict="hold", reasons=(reason, numbers), pictures_needed=needed, **common)


RULES: Mapping[int, Callable[[GatePolicy, GateInputs], GateDecision]] = {1: _rule_1}


def _against_floor(common: dict[str, Any], policy: GatePolicy, summary: MetricSummary) -> GateDecision:
    numbers = f"Dice {summary.dice:.4f}, IoU {summary.iou:.4f} on {summary.pictures} test pictures"
    if summary.pictures < policy.min_pictures:
        reason = f"too few pictures to tell: {summary.pictures}, and the policy wants {policy.min_pictures}"
        return GateDecision(
            verdict="hold", reasons=(reason, numbers), pictures_needed=policy.min_pictures, **common
        )
    floor = f"the floor for a first model (Dice {policy.floor_dice:.2f}, IoU {policy.floor_iou:.2f})"
    if summary.dice >= policy.floor_dice and summary.iou >= policy.floor_iou:
        return GateDecision(verdict="promote", reasons=(f"at or above {floor}", numbers), **common)
    return GateDecision(verdict="hold", reasons=(f"below {floor}", numbers), **common)


def _scored(report: EvalReport) -> Scored:
    return Scored(weights_sha256=report.weights_sha256, report_sha256=report.digest, summary=report.summary)


def _newcomers(inputs: GateInputs) -> Newcomers | None:
    if inputs.newcomers_candidate is None:
        return None
    champion = inputs.newcomers_champion
    if champion is not None:
        _require_same_pictures(inputs.newcomers_candidate, champion)
    return Newcomers(
        candidate=_scored(inputs.newcomers_candidate), champion=_scored(champion) if champion else None
    )


def _require_same_pictures(candidate: EvalReport, champion: EvalReport) -> None:
    if (champion.samples_sha256, _stems(champion)) != (candidate.samples_sha256, _stems(candidate)):
        raise RecordError(
            "candidate and champion were scored on different pictures, so they do not compare",
            remedy="Run `wms evaluate` again: it scores both on the test split of main.",
        )


def _stems(report: EvalReport) -> list[str]:
    return [score.stem for score in report.scores]


def _minus(left: float, right: float) -> float:
    # Rounded, so that equal predictions differ by exactly zero on every platform.
    return round(left - right, 12)


def _bootstrap(differences: Sequence[float], policy: GatePolicy) -> Interval:
    """Percentile bounds of the mean, each one-sided at the policy's confidence."""
    rng = random.Random(policy.bootstrap_seed)
    size = len(differences)
    means = sorted(fmean(rng.choices(differences, k=size)) for _ in range(policy.resamples))
    tail = math.floor((1 - policy.confidence) * policy.resamples)
    return Interval(mean=fmean(differences), low=means[tail], high=means[-1 - tail])


def _pictures_needed(differences: Sequence[float], policy: GatePolicy) -> int:
    """Sample size of a one-sided paired z-test: ((z_confidence + z_power) * sd / mean) squared."""
    mean = fmean(differences)
    z = NormalDist().inv_cdf(policy.confidence) + NormalDist().inv_cdf(policy.power)
    needed = math.ceil((z * stdev(differences) / mean) ** 2)
    return max(needed, len(differences) + 1)
