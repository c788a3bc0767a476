import pytest
import torch

from meters import cached, tiny_settings, write_dataset
from wms.training.process_group import ProcessGroup
from wms.training.test_time_augmentation import Probability
from wms.training.validation import choose_threshold, count_probabilities, validate

LOSS = tiny_settings().loss


class Brightness(torch.nn.Module):
    """Logits of a stated probability on bright pixels and of `elsewhere` on all others."""

    def __init__(self, on_window, elsewhere=0.001):
        super().__init__()
        self.logits = torch.logit(torch.tensor([elsewhere, on_window]))

    def forward(self, pictures):
        bright = pictures.mean(dim=1, keepdim=True) > 0.6
        return torch.where(bright, self.logits[1], self.logits[0])


def used(on_window, elsewhere=0.001):
    return Probability(Brightness(on_window, elsewhere), views=1)


@pytest.fixture
def samples(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=0, val=10, test=0)
    return cached(tmp_path, manifest, "val", size_px=64)


def test_a_network_that_finds_the_window_scores_near_one(samples):
    loss, dice = validate(Brightness(0.999), samples, LOSS, ProcessGroup(), size_px=64)
    assert dice > 0.97
    assert loss < 0.1


def test_a_network_that_finds_nothing_scores_zero(samples):
    assert validate(Brightness(0.001), samples, LOSS, ProcessGroup(), size_px=64)[1] == 0.0


def test_the_figures_are_means_over_pictures_at_any_batching(samples, monkeypatch):
    together = validate(Brightness(0.7), samples, LOSS, ProcessGroup(), size_px=64)
    monkeypatch.setattr("wms.training.validation.BATCH", 3)
    assert validate(Brightness(0.7), samples, LOSS, ProcessGroup(), size_px=64) == pytest.approx(together)


def test_smaller_sizes_are_scaled_and_still_fit(samples):
    assert validate(Brightness(0.999), samples, LOSS, ProcessGroup(), size_px=32)[1] > 0.9


@pytest.mark.parametrize(("on_window", "elsewhere"), [(0.35, 0.1), (0.9, 0.6)])
def test_the_threshold_separates_window_from_the_rest(samples, on_window, elsewhere):
    threshold = choose_threshold(used(on_window, elsewhere), samples, size_px=64)
    assert elsewhere <= threshold < on_window


def test_of_equally_good_thresholds_the_one_nearest_to_a_half_is_taken(samples):
    assert choose_threshold(used(0.95), samples, size_px=64) == pytest.approx(0.5)


def test_probabilities_are_counted_by_what_is_there(samples):
    counts = count_probabilities(used(0.705, 0.205), samples, size_px=64)
    assert sum(counts.window) + sum(counts.rest) == len(samples) * 64 * 64
    assert {place for place, number in enumerate(counts.rest) if number} <= {20, 70}
    assert counts.window[70] > 0.95 * sum(counts.window)


def test_a_probability_of_one_is_counted_in_the_last_bin(samples):
    assert count_probabilities(used(1.0, 1.0), samples, size_px=64).window[-1] > 0
