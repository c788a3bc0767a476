import numpy as np
import pytest
import torch

from meters import cached, tiny_settings, write_dataset
from wms.training.process_group import ProcessGroup
from wms.training.validation import calibrate, validate

LOSS, CLOSE_UP = tiny_settings().loss, tiny_settings().close_up


class Brightness(torch.nn.Module):
    """Logits of a stated probability on bright pixels and of `elsewhere` on all others."""

    def __init__(self, on_window, elsewhere=0.001):
        super().__init__()
        self.logits = torch.logit(torch.tensor([elsewhere, on_window]))

    def forward(self, pictures):
        bright = pictures.mean(dim=1, keepdim=True) > 0.6
        return torch.where(bright, self.logits[1], self.logits[0])


@pytest.fixture
def samples(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=0, val=10, test=0)
    return cached(tmp_path, manifest, "val", size_px=64)


def test_a_network_that_finds_the_window_scores_near_one(samples):
    loss, dice = validate(Brightness(0.999), samples, LOSS, None, ProcessGroup(), size_px=64)
    assert dice > 0.97
    assert loss < 0.1


def test_a_network_that_finds_nothing_scores_zero(samples):
    assert validate(Brightness(0.001), samples, LOSS, None, ProcessGroup(), size_px=64)[1] == 0.0


def test_the_figures_are_means_over_pictures_at_any_batching(samples, monkeypatch):
    together = validate(Brightness(0.7), samples, LOSS, None, ProcessGroup(), size_px=64)
    monkeypatch.setattr("wms.training.validation.BATCH", 3)
    assert validate(Brightness(0.7), samples, LOSS, None, ProcessGroup(), size_px=64) == pytest.approx(
        together
    )


def test_smaller_sizes_are_scaled_and_still_fit(samples):
    assert validate(Brightness(0.999), samples, LOSS, None, ProcessGroup(), size_px=32)[1] > 0.9


def test_close_ups_are_validated_too(samples):
    class Watched(Brightness):
        def forward(self, images):
            bright.append(float((images.mean(dim=1) > 0.6).float().mean()))
            return super().forward(images)

    bright = []
    near_enough = CLOSE_UP.model_copy(update={"window": 0.8})
    _, dice = validate(Watched(0.999), samples, LOSS, near_enough, ProcessGroup(), size_px=64)
    whole, near = bright[::2], bright[1::2]
    assert len(whole) == len(near) == 2
    assert all(close > 1.5 * far for close, far in zip(near, whole, strict=True))
    assert dice > 0.95


def test_the_threshold_and_the_histogram_are_of_what_the_model_finds(samples):
    """It is sure of 0.7 on bright pixels and says 0.2 elsewhere."""

    def find(image):
        return np.where(image.mean(axis=-1) > 150, 0.705, 0.205).astype(np.float32)

    threshold, counts = calibrate(find, samples)
    assert 0.205 <= threshold < 0.705
    assert threshold == pytest.approx(0.5)  # of equally good ones the nearest
    assert sum(counts.window) + sum(counts.rest) == len(samples) * 64 * 64
    assert {place for place, number in enumerate(counts.rest) if number} <= {20, 70}
    assert counts.window[70] > 0.95 * sum(counts.window)


@pytest.mark.parametrize(("on_window", "elsewhere"), [(0.35, 0.1), (0.9, 0.6)])
def test_the_threshold_separates_window_from_the_rest(samples, on_window, elsewhere):
    def find(image):
        return np.where(image.mean(axis=-1) > 150, on_window, elsewhere).astype(np.float32)

    assert elsewhere <= calibrate(find, samples).threshold < on_window


def test_a_probability_of_one_is_counted_in_the_last_bin(samples):
    counts = calibrate(lambda image: np.ones(image.shape[:2], dtype=np.float32), samples).probabilities
    assert counts.window[-1] > 0
    assert sum(counts.rest[:-1]) == 0
