import pytest
import torch

from wms.core.records.training import Architecture
from wms.training.unet import build


@pytest.mark.parametrize("stem_stride", [1, 2, 4])
@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 128), (192, 64)])
def test_logits_have_the_pictures_size(stem_stride, height, width):
    network = build(Architecture(base_width=8, depth=4, stem_stride=stem_stride), seed=1)
    with torch.inference_mode():
        assert network(torch.rand(2, 3, height, width)).shape == (2, 1, height, width)


def test_a_picture_is_answered_alike_alone_and_in_a_batch():
    network = build(Architecture(base_width=8, depth=2, stem_stride=2), seed=1).eval()
    pictures = torch.rand(3, 3, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(pictures)[1:2], network(pictures[1:2]), atol=1e-5)


def test_every_input_pixel_reaches_the_answer():
    network = build(Architecture(base_width=8, depth=2, stem_stride=4), seed=1).eval()
    pictures = torch.rand(1, 3, 32, 32, requires_grad=True)
    network(pictures).sum().backward()
    assert (pictures.grad.abs().sum(dim=1) > 0).all()


def test_weights_follow_from_the_seed_and_leave_the_global_generator_alone():
    architecture = Architecture(base_width=8, depth=2, stem_stride=1)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    first, again, other = (build(architecture, seed=seed).head.weight for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_fresh_network_expects_windows_to_be_rare():
    network = build(Architecture(base_width=8, depth=3, stem_stride=2), seed=1)
    with torch.inference_mode():
        probability = torch.sigmoid(network(torch.rand(2, 3, 64, 64)))
    assert 0.005 < probability.mean() < 0.08
