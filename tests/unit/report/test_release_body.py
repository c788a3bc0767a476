"""A release's text."""

from __future__ import annotations

from factories import git_sha, make_metadata, make_policy, make_report, sha256
from wms.core.records.decision import GateInputs
from wms.core.records.release import ReleaseProvenance
from wms.gate.decide import decide
from wms.report.markdown import release_body

DECISION = decide(
    make_policy(),
    GateInputs(
        candidate=make_report([0.9] * 12),
        champion=make_report([0.8] * 12, weights="v6"),
        new_candidate=None,
        new_champion=None,
    ),
)
PROMOTED = ReleaseProvenance(commit_sha=git_sha("merge"), pull_request=12, model=make_metadata(7))
DIGESTS = {"model.onnx": sha256("onnx"), "model.json": sha256("card")}


def test_the_first_line_is_the_verdict_and_every_digest_is_named() -> None:
    body = release_body(PROMOTED, DECISION, DIGESTS, repository="octo/meters")
    assert body.startswith(f"**Promoted**: {DECISION.reasons[0][:20]}")
    assert "| Dice | 0.9000 | 0.8000 | +0.1000 |" in body
    assert "| pull request | #12 |" in body
    for digest in (*DIGESTS.values(), git_sha("merge"), PROMOTED.model.records_sha256):
        assert digest in body
    assert "--version 7" in body


def test_nothing_that_comes_from_outside_is_markup() -> None:
    hostile = DECISION.model_copy(update={"reasons": ("<img src=x> @everyone | closes #1 `",)})
    body = release_body(PROMOTED, hostile, {"a`|b<script>": sha256("x")}, repository="")
    assert "<img" not in body
    assert "<script" not in body
    assert "@everyone" not in body
    assert "closes #1" not in body
