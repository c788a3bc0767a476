"""A champion's scores, and candidates that differ from it, for tests of the gate."""

from __future__ import annotations

import random

from factories import make_report
from wms.core.records.decision import GateInputs, TrainingGrowth

CHANCE = random.Random(11)


CHAMPION = [CHANCE.uniform(0.55, 0.85) for _ in range(40)]


def inputs(candidate: list[float], champion: list[float] | None = None) -> GateInputs:
    return GateInputs(
        candidate=make_report(candidate),
        champion=make_report(champion, weights="champion") if champion is not None else None,
    )


def shifted(by: float, wobble: float = 0.0) -> list[float]:
    """The champion's Dice plus `by`, and in turns plus and minus `wobble`."""
    return [value + by + (wobble if turn % 2 else -wobble) for turn, value in enumerate(CHAMPION)]


def with_new_data(candidate: list[float], *, added: int = 40) -> GateInputs:
    growth = TrainingGrowth(before=200, added=added)
    return inputs(candidate, CHAMPION).model_copy(update={"training": growth})
