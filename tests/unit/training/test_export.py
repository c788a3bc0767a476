import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from factories import make_manifest, make_provenance
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
from wms.model.bundle import INPUT, OUTPUT
from wms.training.export import export_bundle
from wms.training.test_time_augmentation import Probability
from wms.training.unet import build

ARCHITECTURE = Architecture(base_width=8, depth=2, stem_stride=2)
PICTURES = np.random.default_rng(1).random((3, 3, 32, 32), dtype=np.float32)


def make_model(views=2):
    return Probability(build(ARCHITECTURE, seed=1), views=views).eval()


def make_bundle(folder, model=None):
    return export_bundle(
        model or make_model(),
        folder=folder,
        architecture=ARCHITECTURE,
        preprocessing=Preprocessing(size_px=32, pad=114),
        threshold=0.4,
        provenance=make_provenance(make_manifest(10)),
        images=PICTURES,
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
        assert torch.equal(network(torch.from_numpy(PICTURES)), expected(torch.from_numpy(PICTURES)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_graph_takes_any_number_of_pictures_and_answers_like_the_model(tmp_path, count):
    make_bundle(tmp_path)
    session = onnxruntime.InferenceSession(tmp_path / ONNX_FILE)
    (answer,) = session.run([OUTPUT], {INPUT: PICTURES[:count]})
    with torch.inference_mode():
        expected = make_model()(torch.from_numpy(PICTURES[:count]))
    assert answer.shape == (count, 1, 32, 32)
    assert np.abs(answer - expected.numpy()).max() < 1e-4


def test_the_card_says_how_many_views_the_graph_averages(tmp_path):
    assert make_bundle(tmp_path, make_model(views=3)).views == 3


def test_a_graph_that_answers_differently_is_an_error_and_gets_no_card(tmp_path):
    class Shifted(Probability):
        def forward(self, pictures):
            answer = super().forward(pictures)
            return answer * 0.5 if torch.onnx.is_in_onnx_export() else answer

    make_bundle(tmp_path)
    with pytest.raises(ModelError, match="does not agree"):
        make_bundle(tmp_path, Shifted(build(ARCHITECTURE, seed=1), views=1))
    assert not (tmp_path / CARD_FILE).exists()


def test_the_same_network_gives_the_same_bytes(tmp_path):
    first, second = make_bundle(tmp_path / "a"), make_bundle(tmp_path / "b")
    assert first.weights_sha256 == second.weights_sha256
    assert first.onnx_sha256 == second.onnx_sha256
