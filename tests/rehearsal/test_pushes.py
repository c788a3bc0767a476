"""Scenarios of people who push pairs or press Run workflow, on the real workflow files."""

from __future__ import annotations

from rehearsal.stage import Stage


def test_a_first_push_ends_as_the_model_in_production(stage: Stage) -> None:
    stage.push_pairs("first", seed=1)
    run, deploy = stage.play()
    run.expect("success", merge="success", report="success")
    assert stage.production == 1
