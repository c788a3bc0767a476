"""Paired comparisons of two models that were scored on the same images.

Paired, because the per-image differences are resampled, which is far sharper than comparing two means.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, stdev

from wms.core.errors import RecordError
from wms.core.records.decision import FailureChange, GatePolicy, Interval, LabelChange
from wms.core.records.evaluation import EvalReport
from wms.core.records.metrics import FAILURE_DICE, Metric


def differences(metric: Metric, candidate: EvalReport, champion: EvalReport) -> list[float]:
    """Candidate minus champion, image by image.

    Rounded, so that equal predictions differ by exactly zero on every platform.
    """
    pairs = zip(candidate.scores, champion.scores, strict=True)
    return [round(metric.of(ours) - metric.of(theirs), 12) for ours, theirs in pairs]


def bootstrap(
    values: Sequence[float],
    policy: GatePolicy,
    confidence: float,
    statistic: Callable[[Sequence[float]], float] = fmean,
) -> Interval:
    """A statistic and its percentile bounds, each one-sided at the confidence.

    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    rng = random.Random(policy.bootstrap_seed)
    size = len(values)
    found = sorted(statistic(rng.choices(values, k=size)) for _ in range(policy.resamples))
    tail = math.floor((1 - confidence) * policy.resamples)
    return Interval(mean=statistic(values), low=found[tail], high=found[-1 - tail])


def trimmed_mean(values: Sequence[float], share: float) -> float:
    """The mean without the lowest and the highest `share` of the values (Tukey and McLaughlin 1963)."""
    cut = math.floor(share * len(values))
    return fmean(sorted(values)[cut : len(values) - cut])


def failure_change(candidate: EvalReport, champion: EvalReport) -> FailureChange:
    """How many images only one of the models fails on (Dice below 0.5), and whether that is chance.

    The exact one-sided form of McNemar's test (1947): of the images on which exactly one fails, the candidate
    fails on half if the models are equally reliable.
    """
    pairs = list(zip(candidate.scores, champion.scores, strict=True))
    new = sum(ours.dice < FAILURE_DICE <= theirs.dice for ours, theirs in pairs)
    mended = sum(theirs.dice < FAILURE_DICE <= ours.dice for ours, theirs in pairs)
    tried = new + mended
    at_least = sum(math.comb(tried, k) for k in range(new, tried + 1))
    return FailureChange(new=new, mended=mended, chance=at_least / 2**tried)


def label_change(candidate: EvalReport, added: EvalReport) -> LabelChange:
    """On how many new images the candidate misses the mask, and whether that is chance.

    Fisher's exact test (1934), one-sided: the new images and the test images are equally hard, given how many
    of all the candidate fails on.
    """
    failed, images = added.summary.failures, added.summary.pictures
    others = candidate.summary.pictures
    all_failed = failed + candidate.summary.failures
    ways = sum(
        math.comb(images, k) * math.comb(others, all_failed - k)
        for k in range(failed, min(images, all_failed) + 1)
    )
    return LabelChange(failed=failed, images=images, chance=ways / math.comb(images + others, all_failed))


def images_needed(values: Sequence[float], confidence: float, power: float) -> int:
    """Sample size of a one-sided paired z-test: ((z_confidence + z_power) * sd / mean) squared."""
    z = NormalDist().inv_cdf(confidence) + NormalDist().inv_cdf(power)
    needed = math.ceil((z * stdev(values) / fmean(values)) ** 2)
    return max(needed, len(values) + 1)


def require_same_images(candidate: EvalReport, champion: EvalReport) -> None:
    """Check that two reports are of the same images.

    Raises:
        RecordError: they are not.
    """
    if (champion.samples_sha256, _stems(champion)) != (candidate.samples_sha256, _stems(candidate)):
        raise RecordError(
            "candidate and champion were scored on different images, so they cannot be compared",
            remedy="Run `wms evaluate` again: it scores both on the test split of main.",
        )


def _stems(report: EvalReport) -> list[str]:
    return [score.stem for score in report.scores]
