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
from wms.core.records.promotion import ModelMetadata
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


def fitting() -> dict[str, Any]:
    promoted = make_metadata().model_copy(
        update={"weights_sha256": CANDIDATE, "decision_sha256": DECISION.digest}
    )
    return {
        "promoted": promoted,
        "policy": POLICY,
        "production": make_metadata().model_copy(update={"weights_sha256": CHAMPION}),
        "main_manifest": MAIN,
        "new_manifest": DatasetManifest(),
    }


def test_a_decision_that_fits_is_accepted() -> None:
    assert DECISION.verdict == "promote"
    require_decision_fits(DECISION, **fitting())


def with_other_weights(metadata: ModelMetadata) -> ModelMetadata:
    return metadata.model_copy(update={"weights_sha256": sha256_hex(b"other")})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: {**a, "promoted": with_other_weights(a["promoted"])}, "other weights"),
        (lambda a: {**a, "production": with_other_weights(a["production"])}, "another champion"),
        (lambda a: {**a, "production": None}, "another champion"),
        (lambda a: {**a, "main_manifest": DatasetManifest()}, "other test images"),
        (
            lambda a: {**a, "policy": POLICY.model_copy(update={"confidence": 0.8})},
            "policy is not that of main",
        ),
        (
            lambda a: {
                **a,
                "promoted": a["promoted"].model_copy(update={"decision_sha256": sha256_hex(b"x")}),
            },
            "another decision",
        ),
    ],
)
def test_one_part_that_does_not_fit_is_named(change: Any, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        require_decision_fits(DECISION, **change(fitting()))


def test_a_hold_supports_nothing() -> None:
    hold = decide(POLICY, GateInputs(candidate=report(CANDIDATE, 20), champion=report(CHAMPION, 90)))
    arguments = fitting()
    arguments["promoted"] = arguments["promoted"].model_copy(update={"decision_sha256": hold.digest})
    with pytest.raises(RecordError, match="not promote"):
        require_decision_fits(hold, **arguments)
