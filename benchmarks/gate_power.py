"""How often the gate promotes: true improvements, and retrainings that changed nothing, by several tests.

    python benchmarks/gate_power.py REPORT REPORT [REPORT ...] [--gain 0.005] [--images 72 200]

Each REPORT is an `evaluation.json` of one model, all on the same images. Every ordered pair of them gives
real differences image by image. They are shifted to a mean of zero (nothing changed) or of the gain (a true
improvement), as many images are drawn with replacement, and each test decides. Printed: promotions of 100.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from functools import partial
from itertools import permutations
from pathlib import Path
from statistics import fmean, pstdev

from scipy import stats

from wms.core.files import read_record
from wms.core.records.decision import GatePolicy
from wms.core.records.evaluation import EvalReport, SampleScore
from wms.core.settings import GATE_CONFIG, load_settings
from wms.gate.compare import bootstrap, trimmed_mean

ROOT = Path(__file__).parents[1]
SEED = 20261130

Draw = list[tuple[SampleScore, SampleScore]]
"""Candidate and champion on some images."""


class Drawn:
    """Differences of one draw, shifted so that their mean over all images would be the gain."""

    def __init__(self, pairs: Draw, shift: dict[str, float], policy: GatePolicy) -> None:
        self.policy, self.pairs = policy, pairs
        self.dice = [ours.dice - theirs.dice + shift["dice"] for ours, theirs in pairs]
        self.iou = [ours.iou - theirs.iou + shift["iou"] for ours, theirs in pairs]

    def low(
        self,
        values: Sequence[float],
        statistic: Callable[[Sequence[float]], float] = fmean,
        *,
        retrain: bool = False,
    ) -> float:
        policy = self.policy
        at = policy.retrain_confidence if retrain else policy.confidence
        return bootstrap(values, policy, at, statistic).low

    def better_on_average(self) -> bool:
        return fmean(self.dice) > 0 and fmean(self.iou) > 0

    def failures_are_chance(self) -> bool:
        new = sum(ours.dice < 0.5 <= theirs.dice for ours, theirs in self.pairs)
        mended = sum(theirs.dice < 0.5 <= ours.dice for ours, theirs in self.pairs)
        if not new:
            return True
        chance = stats.binomtest(new, new + mended, alternative="greater").pvalue
        return bool(chance >= 1 - self.policy.confidence)


def superiority_of_the_mean(drawn: Drawn) -> bool:
    return drawn.low(drawn.dice, retrain=True) > 0 and drawn.low(drawn.iou, retrain=True) > 0


def superiority_by_ranks(drawn: Drawn) -> bool:
    level = 1 - drawn.policy.retrain_confidence
    return all(
        stats.wilcoxon(values, alternative="greater").pvalue < level for values in (drawn.dice, drawn.iou)
    )


def superiority_of_the_trimmed_mean(drawn: Drawn) -> bool:
    trimmed = partial(trimmed_mean, share=drawn.policy.trimmed_share)
    return all(drawn.low(values, trimmed, retrain=True) > 0 for values in (drawn.dice, drawn.iou))


def no_harm_of_the_mean(drawn: Drawn) -> bool:
    safe = drawn.low(drawn.dice) > -drawn.policy.margin_dice
    return drawn.better_on_average() and safe and drawn.failures_are_chance()


def no_harm_of_the_trimmed_mean(drawn: Drawn) -> bool:
    trimmed = partial(trimmed_mean, share=drawn.policy.trimmed_share)
    safe = drawn.low(drawn.dice, trimmed) > -drawn.policy.margin_dice
    return drawn.better_on_average() and safe and drawn.failures_are_chance()


def no_harm_and_typically_better(drawn: Drawn) -> bool:
    trimmed = partial(trimmed_mean, share=drawn.policy.trimmed_share)
    better = trimmed(drawn.dice) > 0 and trimmed(drawn.iou) > 0
    safe = drawn.low(drawn.dice, trimmed) > -drawn.policy.margin_dice
    return better and safe and drawn.failures_are_chance()


TESTS = (
    superiority_of_the_mean,
    superiority_by_ranks,
    superiority_of_the_trimmed_mean,
    no_harm_of_the_mean,
    no_harm_of_the_trimmed_mean,
    no_harm_and_typically_better,
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT")
    parser.add_argument("--gain", type=float, default=0.005)
    parser.add_argument("--images", type=int, nargs="+", default=[72, 200])
    parser.add_argument("--draws", type=int, default=100)
    args = parser.parse_args()
    policy = load_settings(ROOT / GATE_CONFIG, GatePolicy).model_copy(update={"resamples": 400})
    reports = [read_record(path, EvalReport) for path in args.reports]
    every: list[Draw] = [list(zip(a.scores, b.scores, strict=True)) for a, b in permutations(reports, 2)]
    for pairs in every:
        found = [ours.dice - theirs.dice for ours, theirs in pairs]
        print(f"{len(pairs)} images, difference {fmean(found):+.4f}, spread {pstdev(found):.4f}")
    for images in args.images:
        for gain in (args.gain, 0.0):
            counts = dict.fromkeys(TESTS, 0)
            rng = random.Random(SEED)
            for number in range(args.draws):
                pairs = every[number % len(every)]
                shift = {
                    name: gain - fmean(getattr(ours, name) - getattr(theirs, name) for ours, theirs in pairs)
                    for name in ("dice", "iou")
                }
                drawn = Drawn(rng.choices(pairs, k=images), shift, policy)
                for test in TESTS:
                    counts[test] += test(drawn)
            what = f"a true gain of {gain:g}" if gain else "nothing changed"
            for test, count in counts.items():
                print(f"{images:4} images, {what}: {test.__name__} promotes {100 * count / args.draws:.0f}")


if __name__ == "__main__":
    main()
