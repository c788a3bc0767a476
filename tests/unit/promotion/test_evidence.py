"""A decision must speak of the promotion that it is to support, in every part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from factories import make_manifest, make_metadata
from wms.core.errors import RecordError
from wms.core.layout import Layout
from wms.core.records.base import sha256_hex
from wms.core.records.dataset import DatasetManifest
from wms.core.records.decision import GateInputs, GatePolicy
from wms.core.records.evaluation import EvalReport, SampleScore
from wms.core.records.metrics import Boundary
from wms.core.settings import GATE_CONFIG, load_settings
from wms.gate.decide import decide
from wms.promotion.evidence import require_decision_fits

POLICY = load_settings(Layout.find(Path(__file__)).root / GATE_CONFIG, GatePolicy)
MAIN: DatasetManifest = make_manifest(40)
CANDIDATE, CHAMPION = sha256_hex(b"candidate"), sha256_hex(b"champion")


def report(weights: str, hits: int) -> EvalReport:
    return EvalReport(
        weights_sha256=weights,
        onnx_sha256=weights,
        samples_sha256=MAIN.split_digest("test"),
        threshold=0.5,
        scores=tuple(
            SampleScore(
                stem=f"s{n:02d}",
                tp=hits + n % 3,
                fp=5,
                fn=5,
                tn=100,
                boundary=Boundary(f1=0.5, hausdorff95_px=3.0),
            )
            for n in range(30)
        ),
    )


DECISION = decide(POLICY, GateInputs(candidate=report(CANDIDATE, 90), champion=report(CHAMPION, 20)))


PROMOTED = make_metadata().model_copy(
    update={"weights_sha256": CANDIDATE, "decision_sha256": DECISION.digest}
)
FITTING: dict[str, Any] = {
    "promoted": PROMOTED,
    "policy": POLICY,
    "production": make_metadata().model_copy(update={"weights_sha256": CHAMPION}),
    "main_manifest": MAIN,
    "new_manifest": DatasetManifest(),
}
OTHER = sha256_hex(b"other")


def test_a_decision_that_fits_is_accepted() -> None:
    assert DECISION.verdict == "promote"
    require_decision_fits(DECISION, **FITTING)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"promoted": PROMOTED.model_copy(update={"weights_sha256": OTHER})}, "other weights"),
        ({"promoted": PROMOTED.model_copy(update={"decision_sha256": OTHER})}, "another decision"),
        ({"production": PROMOTED.model_copy(update={"weights_sha256": OTHER})}, "another champion"),
        ({"production": None}, "another champion"),
        ({"main_manifest": DatasetManifest()}, "other test images"),
        ({"policy": POLICY.model_copy(update={"confidence": 0.8})}, "policy is not that of main"),
    ],
)
def test_one_part_that_does_not_fit_is_named(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(RecordError, match=says):
        require_decision_fits(DECISION, **FITTING | changed)


def test_a_hold_supports_nothing() -> None:
    hold = decide(POLICY, GateInputs(candidate=report(CANDIDATE, 20), champion=report(CHAMPION, 90)))
    promoted = PROMOTED.model_copy(update={"decision_sha256": hold.digest})
    with pytest.raises(RecordError, match="not promote"):
        require_decision_fits(hold, **FITTING | {"promoted": promoted})
