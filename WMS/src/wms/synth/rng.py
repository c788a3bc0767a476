"""Draws from a random generator that keep plain Python types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """One item, each as likely as another."""
    return items[int(rng.integers(len(items)))]


def between(rng: np.random.Generator, low: float, high: float) -> float:
    """A number in low..high, evenly spread."""
    return float(rng.uniform(low, high))


def happens(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability; one above 1 counts as 1."""
    return bool(rng.random() < probability)


def digits(rng: np.random.Generator, count: int) -> str:
    """A string of `count` random digits."""
    return "".join(str(digit) for digit in rng.integers(0, 10, count))
