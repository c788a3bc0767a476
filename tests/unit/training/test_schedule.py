import pytest
from hypothesis import given
from hypothesis import strategies as st

from meters import tiny_settings
from wms.training.schedule import Plan, PlannedStage, fit_epochs, learning_rate, plan_stages

STAGES = [{"scale": 0.5, "share": 0.6}, {"scale": 1.0, "share": 0.4}]


def make_plan(settings, epochs):
    stages = plan_stages(settings, epochs)
    return Plan(stages=stages, batches_per_epoch=3, learning_rate=0.01, threads=1, bfloat16=False)


@given(epochs=st.integers(1, 300))
def test_the_stages_add_up_and_the_last_one_is_at_full_size(epochs):
    settings = tiny_settings(stages=STAGES)
    plan = make_plan(settings, epochs)
    assert plan.epochs == epochs
    assert plan.size_px(epochs - 1) == settings.image_size_px
    assert plan.may_be_best(epochs - 1)


def test_sizes_rise_by_the_stages_shares():
    plan = make_plan(tiny_settings(stages=STAGES), 10)
    assert [plan.size_px(epoch) for epoch in range(10)] == 6 * [16] + 4 * [32]


def test_the_best_epoch_is_a_late_one_at_full_size():
    late = [make_plan(tiny_settings(stages=STAGES), 20).may_be_best(epoch) for epoch in range(20)]
    assert late == 15 * [False] + 5 * [True]
    last_stage = [{"scale": 0.5, "share": 0.9}, {"scale": 1.0, "share": 0.1}]
    late = [make_plan(tiny_settings(stages=last_stage), 20).may_be_best(epoch) for epoch in range(20)]
    assert late == 18 * [False] + 2 * [True]


FOUR_HUNDRED_STEPS = Plan(
    stages=(PlannedStage(size_px=32, epochs=40),),
    batches_per_epoch=10,
    learning_rate=0.01,
    threads=1,
    bfloat16=False,
)


def test_an_epoch_beyond_the_plan_is_an_error():
    with pytest.raises(IndexError):
        make_plan(tiny_settings(), 4).size_px(4)


def test_the_budget_decides_the_number_of_epochs():
    settings = tiny_settings(stages=STAGES, epochs=1000)
    assert fit_epochs(settings, 10, [1.0, 6.0]) == 200


def test_a_budget_never_adds_epochs_beyond_those_set():
    assert fit_epochs(tiny_settings(stages=STAGES, epochs=20), 10, [1.0, 6.0]) == 20


def test_a_budget_too_small_for_anything_still_trains_every_stage_once():
    assert fit_epochs(tiny_settings(stages=STAGES, epochs=20), 0.001, [1.0, 6.0]) == 2


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nearly_nothing():
    settings = tiny_settings(learning_rate=0.01, warmup_share=0.25)
    rates = [learning_rate(step, FOUR_HUNDRED_STEPS, settings) for step in range(400)]
    peak = rates.index(max(rates))
    assert peak == pytest.approx(100, abs=1)
    assert max(rates) == pytest.approx(0.01, rel=0.01)
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert 0.0 < rates[-1] < 1e-6


def test_a_constant_schedule_neither_warms_up_nor_falls():
    settings = tiny_settings(learning_rate=0.01, schedule="constant")
    assert {learning_rate(step, FOUR_HUNDRED_STEPS, settings) for step in range(400)} == {0.01}
