"""Convolutions in 8 bits."""

import numpy as np
import onnx
import pytest
import torch

from meters import cached, tiny_settings, write_dataset
from wms.core.records.training import Preprocessing
from wms.imaging.compare import count_pixels
from wms.imaging.files import read_image
from wms.imaging.preprocess import preprocess
from wms.model.bundle import INPUT, OUTPUT, open_session
from wms.synth.dataset import write_pairs
from wms.training.export import export_network
from wms.training.pretrained import load_pretrained
from wms.training.quantise import MEASURED, quantised, squares_to_measure
from wms.training.unet import build
from wms.training.whole_graph import whole_graph

SPEC = Preprocessing(size_px=256, pad=114, close_up=0.5)


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """Three rendered meters, and the shipped network's graph in float32 and in 8 bits."""
    folder = tmp_path_factory.mktemp("graphs")
    write_pairs(folder, count=3, seed=5, invented=True)
    images = [read_image(path) for path in sorted((folder / "images").iterdir())]
    card, weights = load_pretrained()
    network = build(card.architecture, seed=0)
    network.load_state_dict(weights)
    answers = torch.nn.Sequential(network, torch.nn.Sigmoid()).eval()
    export_network(answers, SPEC.size_px, folder / "network.onnx")
    exact = onnx.load(folder / "network.onnx")
    squares = np.concatenate([preprocess(image, SPEC)[0] for image in images])
    return images, whole_graph(exact, SPEC), whole_graph(quantised(exact, squares), SPEC)


def test_the_masks_are_those_of_float32(graphs):
    images, exact, rounded = graphs
    sessions = [open_session(graph.SerializeToString()) for graph in (exact, rounded)]
    for image in images:
        truth, found = (session.run([OUTPUT], {INPUT: image})[0] > 0.5 for session in sessions)
        assert count_pixels(found, truth).dice > 0.97


def test_both_looks_share_one_set_of_weights(graphs):
    _, exact, rounded = graphs
    convolutions = [node for node in rounded.graph.node if node.op_type == "Conv"]
    weights = [
        tensor
        for tensor in rounded.graph.initializer
        if tensor.data_type == onnx.TensorProto.INT8 and len(tensor.dims) == 4
    ]
    assert len(convolutions) == 2 * len(weights)
    assert rounded.ByteSize() < 0.4 * exact.ByteSize()


def test_all_that_enters_a_convolution_is_rounded(graphs):
    graph = graphs[2].graph
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    entering = [made_by[name] for node in graph.node if node.op_type == "Conv" for name in node.input]
    assert set(entering) == {"DequantizeLinear"}


@pytest.mark.parametrize("number", [1, 40])
def test_the_squares_are_whole_and_near_and_spread_to_the_last_sample(tmp_path, number):
    manifest = write_dataset(tmp_path / "data", train=0, val=number, test=0)
    samples = cached(tmp_path, manifest, "val", size_px=64)
    squares = squares_to_measure(samples, tiny_settings().close_up, size_px=32)
    assert squares.shape == (2 * min(number, MEASURED), 3, 32, 32)
    assert 0.0 <= squares.min() <= squares.max() <= 1.0
    whole = squares_to_measure(samples, None, size_px=64)
    last = samples.pixels([number - 1])[0, ..., :3].transpose(2, 0, 1)
    assert np.array_equal(whole[-1], last / np.float32(255))
