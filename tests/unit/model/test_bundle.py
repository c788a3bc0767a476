import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from factories import make_manifest, make_provenance
from wms.core.errors import ModelError, RecordError
from wms.core.files import sha256_file, write_record
from wms.core.records.training import (
    CARD_FILE,
    ONNX_FILE,
    WEIGHTS_FILE,
    Architecture,
    ModelCard,
    Preprocessing,
)
from wms.model.bundle import OUTPUT, SQUARE_INPUT, load_bundle
from wms.training.whole_graph import whole_graph

SPEC = Preprocessing(size_px=64, pad=114)


@pytest.fixture(params=["whole", "squares"])
def form(request):
    """What the graph takes: a photograph, or a square, as before 2026-11-30."""
    return request.param


def write_bundle(folder, *, form="whole", input_name=SQUARE_INPUT, threshold=0.5):
    """A bundle whose probability is the red channel."""
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [1])
    starts = helper.make_tensor("starts", TensorProto.INT64, [1], [0])
    ends = helper.make_tensor("ends", TensorProto.INT64, [1], [1])
    graph = helper.make_graph(
        [helper.make_node("Slice", [input_name, "starts", "ends", "axis"], [OUTPUT])],
        "red",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 1, 64, 64])],
        [starts, ends, axis],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(whole_graph(model, SPEC) if form == "whole" else model, folder / ONNX_FILE)
    (folder / WEIGHTS_FILE).write_bytes(b"weights")
    write_card(folder, threshold=threshold)


def write_card(folder, *, threshold=0.5):
    card = ModelCard(
        architecture=Architecture(base_width=8, depth=2, stem_stride=1),
        preprocessing=SPEC,
        threshold=threshold,
        parameters=1,
        weights_sha256=sha256_file(folder / WEIGHTS_FILE),
        onnx_sha256=sha256_file(folder / ONNX_FILE),
        parity_max_difference=0.0,
        provenance=make_provenance(make_manifest(10)),
    )
    write_record(folder / CARD_FILE, card)


def red_window(height=300, width=400):
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[100:160, 80:320, 0] = 255
    return image


def test_a_mask_has_the_images_size_and_the_window_is_where_it_was(tmp_path, form):
    write_bundle(tmp_path, form=form)
    image = red_window()
    found, there = load_bundle(tmp_path).mask(image), image[..., 0] > 0
    assert found.shape == (300, 400)
    assert (found & there).sum() / (found | there).sum() > 0.95


def test_the_edge_of_the_probability_is_smooth_at_full_size(tmp_path, form):
    write_bundle(tmp_path, form=form)
    column = load_bundle(tmp_path).probability(red_window())[80:130, 200]
    assert np.unique(column.round(3)).size > 4


def test_a_card_from_before_the_close_ups_is_read(tmp_path):
    write_bundle(tmp_path, form="squares")
    card = json.loads((tmp_path / CARD_FILE).read_text())
    del card["preprocessing"]["close_up"]
    (tmp_path / CARD_FILE).write_text(json.dumps({**card, "views": 2}))
    read = load_bundle(tmp_path).card
    assert (read.views, read.preprocessing) == (2, SPEC)


def test_the_models_own_threshold_decides(tmp_path, form):
    write_bundle(tmp_path / "low", threshold=0.3, form=form)
    write_bundle(tmp_path / "high", threshold=0.6, form=form)
    image = np.full((50, 50, 3), 115, dtype=np.uint8)
    assert load_bundle(tmp_path / "low").mask(image).all()
    assert not load_bundle(tmp_path / "high").mask(image).any()


@pytest.mark.parametrize("name", [WEIGHTS_FILE, ONNX_FILE, CARD_FILE])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"!")])
def test_a_changed_or_missing_file_is_an_error(tmp_path, name, damage):
    write_bundle(tmp_path)
    damage(tmp_path / name)
    with pytest.raises(RecordError, match=name):
        load_bundle(tmp_path)


def test_a_file_that_is_no_graph_is_an_error(tmp_path):
    write_bundle(tmp_path)
    (tmp_path / ONNX_FILE).write_bytes(b"no graph at all")
    write_card(tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_bundle(tmp_path)


def test_a_foreign_graph_is_an_error(tmp_path):
    write_bundle(tmp_path, form="squares", input_name="x")
    with pytest.raises(ModelError, match="not a wms ONNX model"):
        load_bundle(tmp_path)


def test_a_predictor_answers_alike_from_many_threads(tmp_path, form):
    write_bundle(tmp_path, form=form)
    predictor, image = load_bundle(tmp_path), red_window()
    expected = predictor.probability(image)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(predictor.probability, [image] * 12))
    assert all(np.array_equal(answer, expected) for answer in answers)
