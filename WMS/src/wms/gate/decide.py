"""The decision: is the candidate better than the model in production? And its replay."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from wms.core.errors import Code, RecordError
from wms.core.records.decision import GateDecision, GateInputs, GatePolicy
from wms.gate.rules import rule_1, rule_2

RULES: Mapping[int, Callable[[GatePolicy, GateInputs], GateDecision]] = {1: rule_1, 2: rule_2}
RULE_VERSION = max(RULES)
"""The rule that decides today."""


def decide(policy: GatePolicy, inputs: GateInputs) -> GateDecision:
    """Promote or hold, by today's rule; equal inputs give an equal decision.

    Raises:
        RecordError: candidate and champion were scored on different images.
    """
    return RULES[RULE_VERSION](policy, inputs)


def replay(decision: GateDecision, inputs: GateInputs) -> None:
    """Check that `decision` is what its policy and the reports lead to, by the rule that made it.

    Verdict, numbers and digests are compared, as far as the record states them; the wording of the reasons is
    not. How many earlier runs there were is taken from the decision: only the tracking server knew it.

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
    told = {"asked_before": decision.asked_before, "tried_before": decision.tried_before}
    asked = inputs.model_copy(update=told)
    again = rule(decision.policy, asked).model_dump()
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
    if isinstance(stated, tuple) and isinstance(found, tuple):
        return len(stated) == len(found) and all(map(_agrees, stated, found))
    if isinstance(stated, float) and isinstance(found, float):
        return math.isclose(stated, found, rel_tol=1e-9, abs_tol=1e-12)
    return stated == found
