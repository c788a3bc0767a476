"""The graph that a bundle holds: from a photograph to its probability map, with nothing left to do around it.

A network answers squares. Here the letterbox goes before it and the way back behind it, as operators of ONNX,
so that Python, the service and the browser cannot disagree about them. Only decoding and orientation stay
outside. ONNX Runtime's antialiased Resize is written after Pillow's
(onnxruntime/core/providers/cpu/tensor/upsample_antialias.h).
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import compose, helper, numpy_helper, parser

from wms.core.errors import ModelError
from wms.core.records.training import Preprocessing
from wms.model.bundle import INPUT, OUTPUT

OPSET = 18
"""The first with an antialiased Resize."""

FEWEST_HALVED = 256
"""Smaller tensors (biases, constants) stay float32: they are no weight in the file."""


def whole_graph(network: onnx.ModelProto, preprocessing: Preprocessing) -> onnx.ModelProto:
    """Put the letterbox before a network and the way back behind it.

    Args:
        network: opset 18; its one input is float32, Bx3xSxS in 0..1, its one output float32, Bx1xSxS in 0..1.
        preprocessing: side of the square, grey of the bars.

    Returns:
        input `image`: uint8, HxWx3, RGB, upright, of any size; output `probability`: float32, HxW in 0..1.
    """
    inner = compose.add_prefix(network, "network/")
    (taken,), (given,) = inner.graph.input, inner.graph.output
    before, after = _model(_before(preprocessing), network), _model(_after(preprocessing), network)
    both = compose.merge_models(before, inner, io_map=[("square", taken.name)])
    places = [(name, f"{name}_again") for name in ("shape", "start", "end")]
    whole = compose.merge_models(both, after, io_map=[(given.name, "answer"), *places])
    whole.graph.name = "photograph to probability"
    onnx.checker.check_model(whole, full_check=True)
    return whole


def with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with float16 weights, each behind a Cast, which ONNX Runtime folds when it loads.

    Raises:
        ModelError: a weight is too large for float16, or not a number.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    graph = halved.graph
    casts = []
    for tensor in list(graph.initializer):
        weights = numpy_helper.to_array(tensor)
        if weights.dtype != np.float32 or weights.size < FEWEST_HALVED:
            continue
        largest = np.abs(weights).max()
        if not largest < np.finfo(np.float16).max:
            raise ModelError(
                f"the weights of {tensor.name} are too large for float16, up to {largest:.2g}",
                remedy="Train again with a lower learning_rate: this training ran away.",
            )
        graph.initializer.remove(tensor)
        half = f"{tensor.name}.half"
        graph.initializer.append(numpy_helper.from_array(weights.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return halved


def _before(preprocessing: Preprocessing) -> onnx.GraphProto:
    """As `imaging.preprocess.preprocess`, in whole numbers: float64 has no place beside WebGPU."""
    size = preprocessing.size_px
    return parser.parse_graph(f"""
before (uint8[height, width, 3] {INPUT})
  => (float[1, 3, {size}, {size}] square, int64[2] shape, int64[2] start, int64[2] end)
<int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] channels = {{3}},
 int64[1] size = {{{size}}}, int64[1] twice_size = {{{2 * size}}},
 uint8 grey = {{{preprocessing.pad}}}, float white = {{255.0}}>
{{
  shape = Shape <start = 0, end = 2> ({INPUT})
  longer = ReduceMax <keepdims = 1> (shape)
  twice_longer = Mul (longer, two)
  scaled = Mul (shape, twice_size)
  raised = Add (scaled, longer)
  rounded = Div (raised, twice_longer)
  inner = Max (rounded, one)
  bars = Sub (size, inner)
  start = Div (bars, two)
  rest = Sub (bars, start)
  end = Add (start, inner)
  batch = Unsqueeze ({INPUT}, zero)
  sizes = Concat <axis = 0> (one, inner, channels)
  small = Resize <mode = "linear", antialias = 1> (batch, , , sizes)
  pads = Concat <axis = 0> (zero, start, zero, zero, rest, zero)
  padded = Pad (small, pads, grey)
  floats = Cast <to = {onnx.TensorProto.FLOAT}> (padded)
  unit = Div (floats, white)
  square = Transpose <perm = [0, 3, 1, 2]> (unit)
}}""")


def _after(preprocessing: Preprocessing) -> onnx.GraphProto:
    """As `imaging.preprocess.to_image`, for images larger than the square.

    Not antialiased, which would matter for smaller ones alone: WebGPU cannot do it.
    """
    size = preprocessing.size_px
    return parser.parse_graph(f"""
after (float[1, 1, {size}, {size}] answer, int64[2] shape_again, int64[2] start_again, int64[2] end_again)
  => (float[height, width] {OUTPUT})
<int64[2] axes = {{2, 3}}, int64[2] ones = {{1, 1}}, int64[2] outer = {{0, 1}},
 float lowest = {{0.0}}, float highest = {{1.0}}>
{{
  inside = Slice (answer, start_again, end_again, axes)
  full_sizes = Concat <axis = 0> (ones, shape_again)
  full = Resize <mode = "linear"> (inside, , , full_sizes)
  limited = Clip (full, lowest, highest)
  {OUTPUT} = Squeeze (limited, outer)
}}""")


def _model(graph: onnx.GraphProto, like: onnx.ModelProto) -> onnx.ModelProto:
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=like.ir_version
    )
