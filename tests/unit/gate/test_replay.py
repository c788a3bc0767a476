"""A decision follows from its records, and a changed one does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from comparisons import CHAMPION, inputs, shifted
from factories import make_policy, make_report, sha256
from wms.core.errors import RecordError
from wms.core.records.decision import GateDecision, GateInputs, GatePolicy, NewSamples, TrainingGrowth
from wms.gate.decide import decide, replay
from wms.gate.rules import rule_1


def test_a_decision_replays_from_its_records() -> None:
    records = inputs(shifted(0.02), CHAMPION)
    decision = decide(make_policy(), records)
    replay(GateDecision.from_json(decision.to_json(), source="decision.json"), records)


def held_with_everything() -> tuple[GateDecision, GateInputs]:
    records = inputs(shifted(0.006, wobble=0.1), CHAMPION).model_copy(
        update={
            "new_candidate": make_report([0.7] * 3, stems=["a", "b", "c"]),
            "new_champion": make_report([0.6] * 3, stems=["a", "b", "c"], weights="champion"),
            "added": make_report([0.7] * 5, stems=list("abcde")),
            "training": TrainingGrowth(before=100, added=40),
            "asked_before": 2,
            "tried_before": 1,
        }
    )
    decision = decide(make_policy(), records)
    of_new_data = {"typical_difference", "failure_change"}
    fields = set(GateDecision.model_fields) - of_new_data
    missing = [name for name in fields if getattr(decision, name) is None]
    assert not missing, f"no value to edit: {missing}"
    return decision, records


def edited(name: str, value: Any) -> Any:
    """Another value that the field could hold."""
    if isinstance(value, GatePolicy):
        return value.model_copy(update={"retrain_confidence": 0.99})
    if isinstance(value, NewSamples):
        return value.model_copy(update={"champion": None})
    if name == "verdict":
        return "promote"
    if name == "samples_sha256":
        return sha256("edited")
    if name == "question":
        return "no harm"
    if name in ("pictures_needed", "asked_before", "tried_before", "confidence"):
        return value + 1
    if name == "training":
        return value.model_copy(update={"added": 5})
    if name == "checks":
        return (value[0].model_copy(update={"value": 1.0}), *value[1:])
    if name == "label_change":
        return value.model_copy(update={"failed": 2})
    if name in ("candidate", "champion", "added"):
        return value.model_copy(update={"weights_sha256": sha256("edited")})
    return value.model_copy(update={"low": value.low + 1e-6})


NOTICED_AS = {"policy": "differ", "asked_before": "confidence", "tried_before": "confidence"}


@pytest.mark.parametrize(
    "name",
    sorted(
        set(GateDecision.model_fields)
        - {"schema_version", "rule_version", "reasons", "typical_difference", "failure_change"}
    ),
)
def test_replaying_notices_an_edit_of_any_field(name: str) -> None:
    decision, records = held_with_everything()
    forged = decision.model_copy(update={name: edited(name, getattr(decision, name))})
    with pytest.raises(
        RecordError,
        match={"policy": "differ", "asked_before": "confidence", "tried_before": "confidence"}.get(
            name, name
        ),
    ):
        replay(forged, records)


def test_a_reason_in_other_words_still_replays() -> None:
    decision, records = held_with_everything()
    replay(decision.model_copy(update={"reasons": ("in other words",)}), records)


def test_what_an_earlier_version_did_not_state_is_not_compared() -> None:
    _, records = held_with_everything()
    stated = json.loads(rule_1(make_policy(), records).to_json())
    del stated["rule_version"], stated["newcomers"]
    replay(GateDecision.from_json(json.dumps(stated).encode(), source="decision.json"), records)


def test_a_rule_of_a_later_version_is_an_error_that_says_so() -> None:
    decision, records = held_with_everything()
    with pytest.raises(RecordError, match="rule 99, which this version does not know"):
        replay(decision.model_copy(update={"rule_version": 99}), records)


@pytest.mark.parametrize("role", ["candidate", "champion", "new_candidate", "new_champion", "added"])
def test_replaying_notices_an_edited_count_in_any_report(role: str) -> None:
    decision, records = held_with_everything()
    report = getattr(records, role)
    first = report.scores[0].model_copy(update={"tn": report.scores[0].tn + 1})
    forged = report.model_copy(update={"scores": (first, *report.scores[1:])})
    with pytest.raises(RecordError, match="newcomers" if role.startswith("new_") else role):
        replay(decision, records.model_copy(update={role: forged}))
