"""The rule that decided, check by check, for a person: in pull requests, reports and `wms gate --explain`."""

from __future__ import annotations

from typing import NamedTuple

from wms.core.records.decision import GateDecision
from wms.core.records.metrics import GATED, METRICS


class Check(NamedTuple):
    """One condition of the rule: what was found, what it must be, and whether it is."""

    what: str
    found: str
    required: str
    holds: str


def checks(decision: GateDecision) -> tuple[Check, ...]:
    """Every condition of the rule that applied, in the order in which the gate asks."""
    policy, summary = decision.policy, decision.candidate.summary
    enough = summary.pictures >= policy.min_pictures
    images = _check("test images", summary.pictures, f"at least {policy.min_pictures}", ok=enough)
    if decision.champion is None:
        floors = [(metric, getattr(policy, f"floor_{metric.field}")) for metric in GATED]
        return (
            images,
            *(
                _check(m.name, m.shown(summary), f"at least {floor:g}", ok=(m.value(summary) or 0.0) >= floor)
                for m, floor in floors
            ),
        )
    differences = [(metric, decision.difference(metric)) for metric in METRICS]
    compared = [(metric, found) for metric, found in differences if found is not None]
    if decision.question != "no harm":
        confidence = decision.confidence or policy.confidence
        return (
            images,
            *(
                _check(
                    f"{m.name}, lower bound of the difference at {confidence:.1%}",
                    f"{found.low:+.{m.digits}f}",
                    "above 0",
                    ok=found.low > 0,
                )
                for m, found in compared
            ),
        )
    rows = [images]
    rows += [
        _check(f"{m.name}, mean difference", f"{found.mean:+.{m.digits}f}", "above 0", ok=found.mean > 0)
        for m, found in compared
    ]
    if (typical := decision.typical_difference) is not None:
        rows.append(
            _check(
                f"Dice of the typical image, lower bound at {policy.confidence:.0%} confidence",
                f"{typical.low:+.4f}",
                f"above {-policy.margin_dice:g}",
                ok=typical.low > -policy.margin_dice,
            )
        )
    if (change := decision.failure_change) is not None:
        rows.append(
            _check(
                f"images that only the candidate fails on ({change.mended} that only the champion fails on)",
                f"{change.new}, by chance {change.chance:.0%}",
                f"chance at least {1 - policy.confidence:.0%}",
                ok=change.chance >= 1 - policy.confidence,
            )
        )
    return tuple(rows)


def _check(what: str, found: object, required: str, *, ok: bool) -> Check:
    return Check(what, str(found), required, "yes" if ok else "no")
