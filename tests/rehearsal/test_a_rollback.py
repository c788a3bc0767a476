"""Somebody starts the rollback's workflow."""

from __future__ import annotations

import pytest

from rehearsal.stage import Stage


def test_a_rollback_is_verified_and_merged_and_the_earlier_model_deployed(promoted: Stage) -> None:
    promoted.retrain(seed="100", reason="a better seed")
    promoted.play()
    assert promoted.production == 2
    promoted.sim.dispatch("rollback.yml", {"reason": "worse in the field"})
    rollback, deploy = promoted.play()
    rollback.expect("success", rollback="success", ci="skipped", merge="skipped")
    deploy.expect("success")
    assert promoted.production == 1
    pull = promoted.pulls("merged")[-1]
    assert "worse in the field" in pull.body
    assert promoted.statuses(pull.head_sha) == {"ci": "success", "wms/quality-gate": "success"}
    assert promoted.branches == []


@pytest.mark.soak
def test_where_main_was_never_checked_a_rollback_waits_for_ci(promoted: Stage) -> None:
    promoted.retrain(seed="100", reason="a better seed")
    promoted.play()
    promoted.commit_to_main({"NOTES.md": "A note.\n"}, ci=None)
    promoted.sim.dispatch("rollback.yml", {"reason": "worse in the field"})
    rollback, _ = promoted.play()
    rollback.expect("success", rollback="success", ci="success", merge="success")
    assert promoted.production == 1
    head = promoted.pulls("merged")[-1].head_sha
    assert promoted.github.combined(head)["ci"].description == "ci ran on this commit and passed"
