"""The workflows with AWS, where something goes wrong: what is left is a stopped instance and a clear word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rehearsal.cloud_stage import ACCOUNT, CloudStage, Door, after, denying_writes
from rehearsal.engine.hooks import before_job, cancel_during, die_during, during
from rehearsal.engine.results import Run
from rehearsal.stage import Stage
from wms.cloud.run_lease import TRAINING_TTL

TRAINING_BEGINS = "fetching the dataset"
"""What `wms train` says first."""


def play_pipeline(there: CloudStage) -> Run:
    """Let what waits run; the pipeline's own run."""
    there.stage.play()
    return there.stage.pipelines()[-1]


def day(stage: Stage) -> Run:
    """What happens every day; what has another schedule comes with it."""
    stage.sim.schedule()
    (run,) = [each for each in stage.play() if each.workflow.endswith("infra.yml")]
    return run


def reap(there: CloudStage) -> None:
    """The same, where there is a role to take."""
    there.stage.sim.world.vars["AWS_ROLE_ARN"] = f"arn:aws:iam::{ACCOUNT}:role/wms-test-pipeline"
    day(there.stage).expect("success", instance="success")


def by_hand(there: CloudStage, action: str) -> Run:
    """A person presses *Run workflow* of the instance."""
    there.stage.sim.dispatch("infra.yml", {"action": action})
    (run,) = there.stage.play()
    return run.expect("success")


def test_a_cancelled_training_gives_the_instance_back(there: CloudStage) -> None:
    seen: list[str] = []
    there.stage.push_pairs("first", seed=1)
    there.stage.sim.watch(during("train", lambda: seen.append(there.instance), line=TRAINING_BEGINS))
    there.stage.sim.watch(cancel_during("train", line=TRAINING_BEGINS))
    run = play_pipeline(there)
    run.expect("cancelled", train="cancelled", infra_down="skipped")
    assert seen == ["running"]
    assert (there.instance, there.holders) == ("stopped", [])
    assert (there.stage.production, there.stage.pulls("open")) == (None, [])


def test_where_the_instance_could_not_be_given_back_a_job_of_its_own_does_it(there: CloudStage) -> None:
    path = ".github/workflows/training-data-pipeline.yaml"
    broken = there.stage.at_main(path).replace("run: wms infra down --run", "run: exit 1", 1)
    there.stage.commit_to_main({path: broken})
    there.stage.push_pairs("first", seed=1)
    run = play_pipeline(there)
    run.expect("failure", train="failure", infra_down="success", publish="success")
    assert (there.instance, there.holders) == ("stopped", [])


@pytest.mark.soak
def test_a_cancelled_training_is_run_again_with_an_instance_of_its_own(there: CloudStage) -> None:
    there.stage.push_pairs("first", seed=1)
    there.stage.sim.watch(cancel_during("train", line=TRAINING_BEGINS))
    run = play_pipeline(there)
    run.expect("cancelled", train="cancelled")
    there.stage.sim.rerun_failed(run)
    there.stage.play()[0].expect("success", train="success", publish="success")
    assert (there.instance, there.stage.production) == ("stopped", 1)


@pytest.mark.soak
def test_a_runner_that_dies_in_a_training_costs_no_more_than_its_lease(there: CloudStage) -> None:
    there.stage.push_pairs("first", seed=1)
    there.stage.sim.watch(die_during("train", line=TRAINING_BEGINS))
    play_pipeline(there).expect("died")
    (dead,) = there.holders
    reap(there)
    assert (there.instance, there.holders) == ("running", [dead])
    there.let_time_pass(TRAINING_TTL + timedelta(minutes=5))
    reap(there)
    assert (there.instance, there.holders) == ("stopped", [])


@pytest.mark.soak
def test_credentials_that_end_too_soon_are_refused_before_anything_starts(there: CloudStage) -> None:
    there.stage.sim.world.vars["WMS_CREDENTIALS_EXPIRE_AT"] = after(minutes=20)
    branch = there.stage.push_pairs("first", seed=1)
    run = play_pipeline(there)
    run.expect("failure", train="failure", publish="skipped", infra_down="skipped", report="success")
    (said,) = [note.message for note in run.annotations if "minutes left" in note.message]
    assert "minutes left, the run needs 45. Take new credentials first" in said
    assert there.instance == "stopped"
    assert there.book.history == there.book.leases == ()
    assert branch in there.stage.branches


@pytest.mark.soak
def test_who_browses_keeps_the_instance_when_a_run_ends(there: CloudStage) -> None:
    by_hand(there, "up")
    (person,) = there.holders
    there.stage.push_pairs("first", seed=1)
    there.stage.sim.watch(cancel_during("train", line=TRAINING_BEGINS))
    run = play_pipeline(there)
    run.expect("cancelled", infra_down="skipped")
    assert (there.instance, there.holders) == ("running", [person])
    assert person in run.jobs["train"].log
    by_hand(there, "down")
    assert (there.instance, there.holders) == ("stopped", [])


@pytest.mark.soak
def test_a_denied_data_bucket_is_told_before_anything_is_trained(there: CloudStage) -> None:
    branch = there.stage.push_pairs("first", seed=1)
    with denying_writes(there, there.data_bucket):
        run = play_pipeline(there)
    run.expect("failure", data="success", train="failure")
    (said,) = [note.message for note in run.annotations if "data bucket" in note.message]
    assert f"{there.data_bucket}: no permission (PutObject: " in said
    assert (there.instance, there.holders) == ("stopped", [])
    assert branch in there.stage.branches


@pytest.mark.soak
def test_an_mlflow_that_went_away_before_the_training_ends_the_run(there: CloudStage, door: Door) -> None:
    there.stage.sim.world.env["WMS_TUNNEL_WAIT_SECONDS"] = "3"
    there.stage.push_pairs("first", seed=1)
    there.stage.sim.watch(before_job("train", door.shut))
    run = play_pipeline(there)
    run.expect("failure", train="failure", publish="skipped", infra_down="skipped")
    assert "MLflow did not answer" in run.jobs["train"].log
    assert (there.instance, there.holders) == ("stopped", [])


@pytest.mark.soak
def test_an_mlflow_that_goes_away_during_a_training_costs_no_model(there: CloudStage, door: Door) -> None:
    there.stage.push_pairs("first", seed=1)
    there.stage.sim.watch(during("train", door.shut, line=TRAINING_BEGINS))
    run = play_pipeline(there)
    run.expect("failure", train="failure", publish="skipped", infra_down="skipped")
    assert "the registry did not take it" in run.jobs["train"].log
    assert {"model/model.onnx", "train.json"} <= set(run.artifacts["run-train-1"].files)
    assert (there.instance, there.holders) == ("stopped", [])
    assert there.stage.production is None


@pytest.mark.soak
def test_where_the_node_may_not_store_models_the_run_goes_on_and_promotes_nothing(there: CloudStage) -> None:
    there.cloud.node_says("ready", artifacts_bucket="PutObject: AccessDenied")
    branch = there.stage.push_pairs("first", seed=1)
    run = play_pipeline(there)
    run.expect("success", train="success", publish="skipped", infra_down="skipped")
    said = "continuing without the registry: MLflow may not store files"
    assert said in run.jobs["train"].log
    assert "Kept as a candidate" in run.jobs["report"].summary
    assert {"archive.json", "candidate.json"} <= set(run.artifacts["run-train-1"].files)
    assert (there.stage.production, there.registry.versions()) == (None, ())
    assert branch in there.stage.branches


def test_where_no_instance_can_be_had_the_data_bucket_alone_is_used(there: CloudStage) -> None:
    there.stage.sim.world.vars["WMS_WITHOUT_INSTANCE"] = "true"
    there.stage.push_pairs("first", seed=1)
    run = play_pipeline(there)
    run.expect("success", train="success", publish="skipped", infra_down="skipped")
    assert "Kept as a candidate" in run.jobs["report"].summary
    assert there.objects("dvc/wms-blobs/")
    assert (there.instance, there.book.history, there.stage.production) == ("stopped", (), None)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"WMS_ENVIRONMENT": ""}, id="no environment"),
        pytest.param({"AWS_ROLE_ARN": "a role", "WMS_WITHOUT_INSTANCE": "true"}, id="no instance allowed"),
        pytest.param({}, id="session keys, which have ended by the next morning"),
    ],
)
def test_where_there_is_nothing_to_reap_or_nobody_to_do_it_no_day_is_red(
    stage: Stage, settings: dict[str, str]
) -> None:
    stage.sim.world.vars = {"WMS_ENVIRONMENT": "test", **settings}
    day(stage).expect("skipped", instance="skipped")
