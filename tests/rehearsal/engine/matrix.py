"""`strategy.matrix`: which jobs it makes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any


def combinations(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the vectors, without those excluded, with those included."""
    vectors = {key: values for key, values in matrix.items() if key not in ("include", "exclude")}
    made = [dict(zip(vectors, values, strict=True)) for values in itertools.product(*vectors.values())]
    made = [one for one in made if not any(_fits(one, left_out) for left_out in matrix.get("exclude") or [])]
    if not vectors:
        made = []
    result = [dict(one) for one in made]
    for extra in matrix.get("include") or []:
        # It joins each combination of which it changes no original value, or stands alone.
        own = {key: value for key, value in extra.items() if key in vectors}
        joined = [new for one, new in zip(made, result, strict=False) if made and _fits(one, own)]
        if joined:
            for new in joined:
                new.update(extra)
        else:
            result.append(dict(extra))
    return result


def label(job: str, values: Mapping[str, Any]) -> str:
    """The name of one job of a matrix, as GitHub shows it."""
    return f"{job} ({', '.join(str(value) for value in values.values())})"


def _fits(one: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    return all(one.get(key) == value for key, value in part.items())
