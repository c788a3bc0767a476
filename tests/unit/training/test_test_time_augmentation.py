import pytest
import torch

from wms.core.records.training import Architecture
from wms.training.test_time_augmentation import TRANSFORMS, Probability
from wms.training.unet import build

PICTURES = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(3))


def network():
    return build(Architecture(base_width=8, depth=2, stem_stride=2), seed=1).eval()


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_transform_is_its_own_inverse(transform):
    assert torch.equal(transform(transform(PICTURES)), PICTURES)


def test_the_transforms_are_all_different():
    seen = [transform(PICTURES) for transform in TRANSFORMS]
    assert not any(torch.equal(a, b) for k, a in enumerate(seen) for b in seen[:k])


def test_one_pass_is_the_network_itself():
    with torch.inference_mode():
        assert torch.equal(Probability(network(), views=1)(PICTURES), torch.sigmoid(network()(PICTURES)))


def test_predictions_are_transformed_back_onto_the_image():
    class Bright(torch.nn.Module):
        def forward(self, pictures):
            return torch.where(pictures.mean(dim=1, keepdim=True) > 0.5, 4.0, -4.0)

    one, three = (Probability(Bright(), views=views)(PICTURES) for views in (1, 3))
    assert torch.allclose(one, three)


def test_an_image_and_its_transform_get_the_same_answer():
    model = Probability(network(), views=2)
    with torch.inference_mode():
        turned = TRANSFORMS[1](model(TRANSFORMS[1](PICTURES)))
        assert torch.allclose(model(PICTURES), turned, atol=1e-5)
