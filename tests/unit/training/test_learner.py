import math

import pytest
import torch

from meters import tiny_settings
from wms.core.errors import TrainingError
from wms.training.learner import Learner
from wms.training.process_group import ProcessGroup


def batch():
    pictures = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    masks = torch.zeros(4, 1, 32, 32)
    masks[:, :, 8:14, 6:26] = 1.0
    return pictures + masks, masks


def test_steps_on_one_batch_lower_its_loss():
    learner = Learner(tiny_settings(), ProcessGroup())
    losses = [learner.step(*batch(), rate=0.01, bfloat16=False) for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


def test_a_loss_that_is_not_finite_is_an_error_and_changes_no_weight():
    learner = Learner(tiny_settings(), ProcessGroup())
    before = {name: tensor.detach().clone() for name, tensor in learner.network.named_parameters()}
    pictures, masks = batch()
    pictures[0, 0, 0, 0] = math.nan
    with pytest.raises(TrainingError, match="the loss became nan"):
        learner.step(pictures, masks, rate=0.01, bfloat16=False)
    assert all(torch.equal(tensor, before[name]) for name, tensor in learner.network.named_parameters())


def test_the_average_lags_behind_the_weights_and_follows_them():
    learner = Learner(tiny_settings(ema_decay=0.9), ProcessGroup())
    fresh = learner.network.head.weight.detach().clone()
    for _ in range(5):
        learner.step(*batch(), rate=0.01, bfloat16=False)
    now, average = learner.network.head.weight, learner.average.module.head.weight
    assert not torch.equal(average, now)
    assert (now - average).norm() < (now - fresh).norm()


def test_without_decay_the_average_is_the_weights():
    learner = Learner(tiny_settings(ema_decay=0.0), ProcessGroup())
    for _ in range(3):
        learner.step(*batch(), rate=0.01, bfloat16=False)
    assert torch.equal(learner.network.head.weight, learner.average.module.head.weight)


def test_bfloat16_keeps_the_weights_in_float32():
    learner = Learner(tiny_settings(), ProcessGroup())
    loss = learner.step(*batch(), rate=0.01, bfloat16=True)
    assert math.isfinite(loss)
    assert {parameter.dtype for parameter in learner.network.parameters()} == {torch.float32}
