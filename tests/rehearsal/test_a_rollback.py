"""Somebody starts the rollback's workflow."""

from __future__ import annotations

from rehearsal.stage import Stage


def test_a_rollback_is_proposed_checked_and_merged_and_the_earlier_model_deployed(promoted: Stage) -> None:
    promoted.retrain(seed="100", reason="a better seed")
    promoted.play()
    assert promoted.production == 2
    promoted.sim.dispatch("rollback.yml", {"reason": "worse in the field"})
    rollback, deploy = promoted.play()
    rollback.expect("success", propose="success", ci="success", merge="success")
    deploy.expect("success")
    assert promoted.production == 1
    pull = promoted.pulls("merged")[-1]
    assert "worse in the field" in pull.body
    assert promoted.statuses(pull.head_sha) == {"ci": "success", "wms/quality-gate": "success"}
    assert promoted.branches == []
