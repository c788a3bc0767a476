"""Letterbox, close-up and way back as operators of ONNX."""

import math
from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from wms.core.records.training import Preprocessing
from wms.imaging.compare import count_pixels
from wms.imaging.preprocess import letterbox_image
from wms.model.bundle import INPUT, OUTPUT
from wms.training.close_up import close_up_views, look
from wms.training.whole_graph import CLOSE_UP, OPSET, whole_graph

SIDE = 64
ONCE = Preprocessing(size_px=SIDE, pad=114)
TWICE = ONCE.model_copy(update={"close_up": 0.5})


def channel(number):
    """A network that answers with one channel of the image: 0 red, 1 green."""
    graph = onnx.parser.parse_graph(
        f"network (float[1, 3, {SIDE}, {SIDE}] x) => (float[1, 1, {SIDE}, {SIDE}] y)"
        f"<int64[1] start = {{{number}}}, int64[1] end = {{{number + 1}}}, int64[1] axis = {{1}}>"
        "{ y = Slice (x, start, end, axis) }"
    )
    opset = onnx.helper.make_opsetid("", OPSET)
    return onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9)


@cache
def session(preprocessing, near=0):
    graph = whole_graph(channel(0), preprocessing, near=channel(near))
    if preprocessing.close_up is not None:  # for the tests alone
        graph.graph.output.append(
            onnx.helper.make_tensor_value_info(CLOSE_UP, onnx.TensorProto.FLOAT, [1, 3, SIDE, SIDE])
        )
    return onnxruntime.InferenceSession(graph.SerializeToString())


def a_meter(*, size, centre, window, degrees):
    """A red window on a green that is brighter towards the bottom right; uint8, HxWx3."""
    height, width = size
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = [(x * window[0] / 2, y * window[1] / 2) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    x, y = centre
    image = Image.new("RGB", (width, height))
    ImageDraw.Draw(image).polygon(
        [(x + cos * dx - sin * dy, y + sin * dx + cos * dy) for dx, dy in corners], fill=(255, 0, 0)
    )
    pixels = np.asarray(image).copy()
    ramp = np.add.outer(np.arange(height) / height, np.arange(width) / width)
    pixels[..., 1] = (120 * ramp).astype(np.uint8)
    return pixels


@given(height=st.integers(1, 700), width=st.integers(1, 700))
@settings(max_examples=60, deadline=None)
def test_the_graphs_letterbox_lies_where_ours_does(height, width):
    """A white image, through a network that does nothing, comes back without grey bars."""
    (answer,) = session(ONCE).run([OUTPUT], {INPUT: np.full((height, width, 3), 255, dtype=np.uint8)})
    assert answer.shape == (height, width)
    assert answer.min() > 0.999
    assert answer.max() <= 1.0


@given(
    height=st.integers(300, 700),
    width=st.integers(300, 700),
    x=st.floats(0.2, 0.8),
    y=st.floats(0.2, 0.8),
    length=st.floats(0.3, 0.5),
    aspect=st.floats(1.0, 5.0),
    degrees=st.floats(-180, 180),
)
@settings(max_examples=100, deadline=None)
def test_the_second_look_finds_any_window_and_puts_it_back_in_its_place(
    height, width, x, y, length, aspect, degrees
):
    shorter = min(height, width)
    window = (length * shorter, length * shorter / aspect)
    image = a_meter(size=(height, width), centre=(x * width, y * height), window=window, degrees=degrees)
    (answer,) = session(TWICE).run([OUTPUT], {INPUT: image})
    assert answer.shape == (height, width)
    assert count_pixels(answer > 0.5, image[..., 0] > 127).dice > 0.93


def test_the_second_look_sees_finer_edges():
    image = a_meter(size=(900, 1200), centre=(500, 400), window=(220, 40), degrees=25)
    truth = image[..., 0] > 127
    once, twice = (
        count_pixels(session(spec).run([OUTPUT], {INPUT: image})[0] > 0.5, truth).dice
        for spec in (ONCE, TWICE)
    )
    assert once < 0.97
    assert twice > 0.98


@pytest.mark.parametrize("degrees", [0, 20, 80, -60, 170])
@pytest.mark.parametrize("size", [(256, 256), (300, 200)])
def test_the_close_up_is_that_of_the_training(size, degrees):
    height, width = size
    image = a_meter(size=size, centre=(0.5 * width, 0.45 * height), window=(80, 20), degrees=degrees)
    (seen,) = session(TWICE, near=1).run([CLOSE_UP], {INPUT: image})
    square, _ = letterbox_image(image, ONCE)
    found = torch.from_numpy(square[..., 0].copy()).float()[None, None] / 255
    views = close_up_views((found >= 0.5 * found.max()).float(), 0.5)
    large, _ = letterbox_image(image, ONCE.model_copy(update={"size_px": max(size)}))
    pixels = torch.from_numpy(np.dstack([large, large[..., 0]])).permute(2, 0, 1)[None].float() / 255
    expected = look(pixels, views, size_px=SIDE, fill=ONCE.pad / 255)[:, :3].numpy()
    differences = np.abs(seen - expected).mean(axis=(0, 2, 3))
    # Green is a ramp, so it tells place, size and angle. The window's edges are scaled in another order.
    assert differences[1] < (0.002 if height == width else 0.008)
    assert differences[0] < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (40, 50), (300, 400)])
def test_an_image_of_any_shape_has_an_answer(shape):
    black, white = (
        session(TWICE).run([OUTPUT], {INPUT: np.full((*shape, 3), value, dtype=np.uint8)})[0]
        for value in (0, 255)
    )
    assert black.shape == white.shape == shape
    assert black.max() == 0.0
    assert white.min() > 0.5


@pytest.mark.parametrize(("red", "found"), [(126, False), (130, True)])
def test_where_the_first_look_finds_nothing_the_second_invents_nothing(red, found):
    """Green, what the second look takes for a window, is everywhere."""
    image = np.full((300, 400, 3), (0, 255, 0), dtype=np.uint8)
    image[100:150, 100:250, 0] = red
    (answer,) = session(TWICE, near=1).run([OUTPUT], {INPUT: image})
    assert bool(answer.max() > 0.5) is found
    assert found or answer.max() == 0.0


def test_the_weights_are_stored_once():
    network = channel(0)
    weights = np.random.default_rng(0).random((3, 3, 1, 1), dtype=np.float32)
    network.graph.initializer.append(onnx.numpy_helper.from_array(weights, "weights"))
    network.graph.node.insert(0, onnx.helper.make_node("Conv", ["x", "weights"], ["mixed"]))
    network.graph.node[1].input[0] = "mixed"
    stored = [tensor.name for tensor in whole_graph(network, TWICE).graph.initializer]
    assert stored.count("whole_answer/weights") == 1
    assert "near_answer/weights" not in stored
