import pytest
import torch

from wms.core.records.training import Architecture
from wms.training.test_time_augmentation import VIEWS, Probability
from wms.training.unet import build

PICTURES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))


def network():
    return build(Architecture(base_width=8, depth=2, stem_stride=2), seed=1).eval()


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_undoes_itself(view):
    assert torch.equal(view(view(PICTURES)), PICTURES)


def test_the_views_are_all_different():
    seen = [view(PICTURES) for view in VIEWS]
    assert not any(torch.equal(a, b) for k, a in enumerate(seen) for b in seen[:k])


def test_one_view_is_the_network_itself():
    with torch.inference_mode():
        assert torch.equal(Probability(network(), views=1)(PICTURES), torch.sigmoid(network()(PICTURES)))


def test_what_a_view_finds_is_turned_back_onto_the_picture():
    class Bright(torch.nn.Module):
        def forward(self, pictures):
            return torch.where(pictures.mean(dim=1, keepdim=True) > 0.5, 4.0, -4.0)

    one, three = (Probability(Bright(), views=views)(PICTURES) for views in (1, 3))
    assert torch.allclose(one, three)


def test_several_views_answer_alike_for_a_picture_and_its_view():
    model = Probability(network(), views=2)
    with torch.inference_mode():
        turned = VIEWS[1](model(VIEWS[1](PICTURES)))
        assert torch.allclose(model(PICTURES), turned, atol=1e-5)
