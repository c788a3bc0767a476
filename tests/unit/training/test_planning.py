import pytest

from meters import cached, tiny_settings, write_dataset
from wms.training.cache import Samples
from wms.training.planning import make_plan
from wms.training.process_group import ProcessGroup


@pytest.fixture
def samples(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=10, val=2, test=0)
    train, val = (cached(tmp_path, manifest, split, size_px=32) for split in ("train", "val"))
    return Samples(train=train, val=val)


def test_without_a_budget_the_plan_follows_from_the_settings_alone(samples):
    settings = tiny_settings(epochs=6)
    plan = make_plan(settings, samples, ProcessGroup(), init="scratch")
    assert (plan.epochs, plan.batches_per_epoch, plan.threads, plan.bfloat16) == (6, 2, 1, False)
    assert plan == make_plan(settings, samples, ProcessGroup(), init="scratch")


def test_a_tiny_budget_gives_the_fewest_epochs(samples):
    assert (
        make_plan(tiny_settings(max_minutes=1e-6, epochs=500), samples, ProcessGroup(), init="scratch").epochs
        == 2
    )


def test_known_weights_are_trained_at_full_size_alone(samples):
    for init in ("pretrained", "champion"):
        plan = make_plan(tiny_settings(epochs=6), samples, ProcessGroup(), init=init)
        assert [(stage.size_px, stage.epochs) for stage in plan.stages] == [
            (tiny_settings().image_size_px, 6)
        ]


def test_production_s_weights_are_trained_more_gently(samples):
    settings = tiny_settings()
    rates = {
        init: make_plan(settings, samples, ProcessGroup(), init=init).learning_rate
        for init in ("pretrained", "champion")
    }
    assert rates == {"pretrained": settings.learning_rate, "champion": settings.learning_rate / 4}


def test_a_generous_budget_gives_the_epochs_that_were_set(samples):
    assert (
        make_plan(tiny_settings(max_minutes=600, epochs=5), samples, ProcessGroup(), init="scratch").epochs
        == 5
    )


def test_fewer_samples_than_a_batch_still_make_one(samples):
    assert (
        make_plan(tiny_settings(batch_size=64), samples, ProcessGroup(), init="scratch").batches_per_epoch
        == 1
    )


def test_bfloat16_can_be_asked_for_where_the_machine_lacks_it(samples):
    assert make_plan(tiny_settings(precision="bfloat16"), samples, ProcessGroup(), init="scratch").bfloat16
