import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from factories import make_manifest, make_provenance
from meters import export_bundle
from wms.core.errors import ModelError
from wms.core.files import read_record, sha256_file
from wms.core.records.training import (
    CARD_FILE,
    ONNX_FILE,
    WEIGHTS_FILE,
    Architecture,
    ModelCard,
    Preprocessing,
)
from wms.imaging.preprocess import preprocess, to_image, to_input
from wms.model.bundle import INPUT, OUTPUT
from wms.training.unet import UNet, build

ARCHITECTURE = Architecture(base_width=8, depth=2, stem_stride=2)
SPEC = Preprocessing(size_px=32, pad=114)
IMAGES = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
SQUARES = torch.from_numpy(to_input(IMAGES)).contiguous()
QUANTISED = 0.03  # the tolerance for 8-bit convolutions


def make_network():
    return build(ARCHITECTURE, seed=1).eval()


def make_bundle(folder, network=None):
    return export_bundle(
        folder,
        network=network or make_network(),
        architecture=ARCHITECTURE,
        preprocessing=SPEC,
        threshold=0.4,
        provenance=make_provenance(make_manifest(10)),
        squares=SQUARES.numpy(),
    )


def test_the_card_names_both_files_by_digest(tmp_path):
    card = make_bundle(tmp_path)
    assert read_record(tmp_path / CARD_FILE, ModelCard) == card
    assert sha256_file(tmp_path / WEIGHTS_FILE) == card.weights_sha256
    assert sha256_file(tmp_path / ONNX_FILE) == card.onnx_sha256


def test_card_and_weights_rebuild_the_network(tmp_path):
    card = make_bundle(tmp_path)
    network = build(card.architecture, seed=99)
    network.load_state_dict(load_file(tmp_path / WEIGHTS_FILE))
    expected = build(ARCHITECTURE, seed=1)
    with torch.inference_mode():
        assert torch.equal(network(SQUARES), expected(SQUARES))


@pytest.mark.parametrize("shape", [(32, 32), (90, 47), (47, 90), (32, 400), (901, 1200)])
def test_the_graph_answers_images_of_any_size_like_letterbox_model_and_way_back(tmp_path, shape):
    make_bundle(tmp_path)
    image = read_image_like(shape)
    (answer,) = onnxruntime.InferenceSession(tmp_path / ONNX_FILE).run([OUTPUT], {INPUT: image})
    inputs, box = preprocess(image, SPEC)
    with torch.inference_mode():
        logits = make_network()(torch.from_numpy(inputs).contiguous())
        expected = to_image(torch.sigmoid(logits)[0, 0].numpy(), box)
    assert answer.dtype == np.float32
    assert answer.shape == shape
    assert np.abs(answer - expected).max() < QUANTISED


def read_image_like(shape):
    """Smooth, as photographs are: of noise, the mean of many pixels is all that a letterbox keeps."""
    coarse = np.random.default_rng(2).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC))


def test_convolutions_are_stored_in_7_bits(tmp_path):
    card = make_bundle(tmp_path)
    weights = [
        onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(tmp_path / ONNX_FILE).graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4
    ]
    assert sum(each.size for each in weights) > 0.8 * card.parameters
    assert max(np.abs(each.astype(int)).max() for each in weights) == 64


def test_a_graph_that_answers_differently_is_an_error_and_gets_no_card(tmp_path):
    class Shifted(UNet):
        def forward(self, images):
            answer = super().forward(images)
            return answer - 0.5 if torch.onnx.is_in_onnx_export() else answer

    make_bundle(tmp_path)
    with pytest.raises(ModelError, match="does not agree"):
        make_bundle(tmp_path, Shifted(ARCHITECTURE))
    assert not (tmp_path / CARD_FILE).exists()


def test_the_same_network_gives_the_same_bytes(tmp_path):
    first, second = make_bundle(tmp_path / "a"), make_bundle(tmp_path / "b")
    assert first.weights_sha256 == second.weights_sha256
    assert first.onnx_sha256 == second.onnx_sha256
