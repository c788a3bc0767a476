"""The graph that a bundle holds: from a photograph to its probability map, with nothing left to do around it.

A network answers squares. Here the letterbox goes before it and the way back behind it, as operators of ONNX,
so that Python, the service and the browser cannot disagree about them. Only decoding and orientation stay
outside. ONNX Runtime's antialiased Resize is written after Pillow's
(onnxruntime/core/providers/cpu/tensor/upsample_antialias.h).

With close-ups the network is in the graph twice, with one set of weights. What it finds in the whole image
says where to look again: a region of the photograph is cut out and letterboxed into a square, and that is
turned until the window is level. `training/close_up.py` has the same formulas.
"""

from __future__ import annotations

import math

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser

from wms.core.records.training import Preprocessing
from wms.imaging.preprocess import ISOTROPIC, LARGEST_ZOOM
from wms.model.bundle import INPUT, OUTPUT

OPSET = 18
"""The first with an antialiased Resize."""

CUT_OUT = 1.5
"""The side of the square with the cut-out region, over that of the network's input: a turned square has a
diagonal of 1.41 of its side, so no pixel is lost."""

CLOSE_UP = "close_up"
"""The close-up in the graph: float32, 1x3xSxS in 0..1."""


def whole_graph(
    network: onnx.ModelProto, preprocessing: Preprocessing, *, near: onnx.ModelProto | None = None
) -> onnx.ModelProto:
    """Put the letterbox before a network and the way back behind it; with close-ups, both twice.

    Args:
        network: opset 18; its one input is float32, 1x3xSxS in 0..1, its one output float32, 1x1xSxS in 0..1.
        preprocessing: side of the square, grey of the bars, size of the window in the close-up.
        near: what looks at the close-up, where that is not the same graph.

    Returns:
        input `image`: uint8, HxWx3, RGB, upright, of any size; output `probability`: float32, HxW in 0..1.
    """
    size_px, networks = preprocessing.size_px, {"whole_answer": network}
    steps = [_letterbox(INPUT, "whole", size_px), "whole_answer = Network (whole_square)"]
    sides = {"": size_px}
    if preprocessing.close_up is None:
        steps += [_way_back("whole_answer", "whole"), f"{OUTPUT} = Identity (whole_found)"]
    else:
        networks["near_answer"] = near or network
        sides["cut_out_"] = cut_out_px = round(CUT_OUT * size_px)
        steps += [_find(size_px, preprocessing.close_up), _letterbox("cut_out", "near", cut_out_px)]
        steps += [_turn(cut_out_px), f"near_answer = Network ({CLOSE_UP})", _turn_back()]
        steps += [_way_back("level", "near"), _into_the_whole()]
    body = "\n".join(steps)
    graph = parser.parse_graph(f"""
photograph_to_probability (uint8[height, width, 3] {INPUT}) => (float[height, width] {OUTPUT})
<int64[1] zero = {{0}}, int64[1] one = {{1}}, int64[1] two = {{2}}, int64[1] channels = {{3}},
 int64[2] ones = {{1, 1}}, int64[2] first = {{0, 1}}, int64[2] last = {{2, 3}},
 uint8 grey = {{{preprocessing.pad}}}, float grey_level = {{{preprocessing.pad / 255}}},
 float white = {{255.0}}, float none = {{0.0}}, float all = {{1.0}}> {{ {body} }}""")
    for name, side_px in sides.items():
        places = ((np.arange(side_px) + 0.5) * 2 / side_px - 1).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(places.reshape(1, 1, 1, -1), f"{name}columns"))
        graph.initializer.append(numpy_helper.from_array(places.reshape(1, 1, -1, 1), f"{name}rows"))
    used = {name for node in graph.node for name in node.input}
    for tensor in list(graph.initializer):
        if tensor.name not in used:
            graph.initializer.remove(tensor)
    _put_in(graph, networks)
    opset = helper.make_opsetid("", OPSET)
    whole = helper.make_model(graph, opset_imports=[opset], ir_version=network.ir_version)
    onnx.checker.check_model(whole, full_check=True)
    return whole


def _letterbox(image: str, name: str, size_px: int) -> str:
    """As `imaging.preprocess.preprocess`, in whole numbers, which are exact.

    `{name}_square` is float32, 1x3xSxS in 0..1; `{name}_shape` are height and width of the image,
    `{name}_inner` those of the image in the square, between `{name}_start` and `{name}_end`.
    """
    return f"""
    {name}_size = Constant <value_ints = [{size_px}]> ()
    {name}_shape = Shape <start = 0, end = 2> ({image})
    {name}_longer = ReduceMax <keepdims = 1> ({name}_shape)
    {name}_twice_longer = Mul ({name}_longer, two)
    {name}_twice_size = Mul ({name}_size, two)
    {name}_scaled = Mul ({name}_shape, {name}_twice_size)
    {name}_raised = Add ({name}_scaled, {name}_longer)
    {name}_rounded = Div ({name}_raised, {name}_twice_longer)
    {name}_inner = Max ({name}_rounded, one)
    {name}_bars = Sub ({name}_size, {name}_inner)
    {name}_start = Div ({name}_bars, two)
    {name}_rest = Sub ({name}_bars, {name}_start)
    {name}_end = Add ({name}_start, {name}_inner)
    {name}_batch = Unsqueeze ({image}, zero)
    {name}_sizes = Concat <axis = 0> (one, {name}_inner, channels)
    {name}_small = Resize <mode = "linear", antialias = 1> ({name}_batch, , , {name}_sizes)
    {name}_pads = Concat <axis = 0> (zero, {name}_start, zero, zero, {name}_rest, zero)
    {name}_padded = Pad ({name}_small, {name}_pads, grey)
    {name}_floats = Cast <to = {onnx.TensorProto.FLOAT}> ({name}_padded)
    {name}_unit = Div ({name}_floats, white)
    {name}_square = Transpose <perm = [0, 3, 1, 2]> ({name}_unit)"""


def _way_back(answer: str, name: str) -> str:
    """As `imaging.preprocess.to_image`, for images larger than the square; `{name}_found` is float32, HxW.

    Not antialiased, which would matter for smaller ones alone.
    """
    return f"""
    {name}_inside = Slice ({answer}, {name}_start, {name}_end, last)
    {name}_full_sizes = Concat <axis = 0> (ones, {name}_shape)
    {name}_full = Resize <mode = "linear"> ({name}_inside, , , {name}_full_sizes)
    {name}_limited = Clip ({name}_full, none, all)
    {name}_found = Squeeze ({name}_limited, first)"""


def _find(size_px: int, window: float) -> str:
    """The close-up's centre, half side and angle, and the region of the image that is cut out for it.

    Window is what has at least half of the highest probability. `sure` is 1 if that is a half or more, else
    0: a network that only ever learned close-ups of windows sees one in any close-up.
    """
    to_float, to_int = f"Cast <to = {onnx.TensorProto.FLOAT}>", f"Cast <to = {onnx.TensorProto.INT64}>"
    return f"""
    half = Constant <value_float = 0.5> ()
    peak = ReduceMax <keepdims = 1> (whole_answer)
    is_sure = GreaterOrEqual (peak, half)
    sure = {to_float} (is_sure)
    level_of_peak = Mul (peak, half)
    is_window = GreaterOrEqual (whole_answer, level_of_peak)
    window = {to_float} (is_window)
    total = ReduceSum <keepdims = 1> (window)
    shares = Div (window, total)
    by_column = ReduceSum <keepdims = 1> (shares, two)
    axis_of_columns = Constant <value_ints = [3]> ()
    by_row = ReduceSum <keepdims = 1> (shares, axis_of_columns)
    along_x = Mul (by_column, columns)
    along_y = Mul (by_row, rows)
    centre_x = ReduceSum <keepdims = 1> (along_x)
    centre_y = ReduceSum <keepdims = 1> (along_y)
    from_x = Sub (columns, centre_x)
    from_y = Sub (rows, centre_y)
    square_x = Mul (from_x, from_x)
    square_y = Mul (from_y, from_y)
    part_x = Mul (by_column, square_x)
    part_y = Mul (by_row, square_y)
    wide = ReduceSum <keepdims = 1> (part_x)
    high = ReduceSum <keepdims = 1> (part_y)
    from_both = Mul (from_x, from_y)
    part_both = Mul (shares, from_both)
    tilt = ReduceSum <keepdims = 1> (part_both)

    of_diagonal = Constant <value_float = {math.sqrt(12.0) / (2.0 * window)}> ()
    nearest = Constant <value_float = {1.0 / LARGEST_ZOOM}> ()
    spread = Add (wide, high)
    deviation = Sqrt (spread)
    half_side_wanted = Mul (deviation, of_diagonal)
    half_side = Clip (half_side_wanted, nearest, all)

    isotropic = Constant <value_float = {ISOTROPIC}> ()
    four = Constant <value_float = 4.0> ()
    more_wide = Sub (wide, high)
    wider = Add (more_wide, isotropic)
    wider_squared = Mul (wider, wider)
    tilt_squared = Mul (tilt, tilt)
    tilt_four = Mul (tilt_squared, four)
    root_squared = Add (wider_squared, tilt_four)
    root = Sqrt (root_squared)
    wider_size = Abs (wider)
    larger_share = Div (wider_size, root)
    larger_raised = Add (all, larger_share)
    larger_halved = Mul (larger_raised, half)
    larger = Sqrt (larger_halved)
    tilt_size = Abs (tilt)
    smaller_share = Div (tilt_size, root)
    smaller = Div (smaller_share, larger)
    is_upright = Less (wider, none)
    cos = Where (is_upright, smaller, larger)
    sin_size = Where (is_upright, larger, smaller)
    minus = Neg (all)
    is_down = Less (tilt, none)
    sign = Where (is_down, minus, all)
    sin = Mul (sin_size, sign)

    half_size = Constant <value_float = {size_px / 2.0}> ()
    diagonal = Constant <value_float = {math.sqrt(2.0)}> ()
    flat = Constant <value_ints = [-1]> ()
    centre_4d = Concat <axis = 0> (centre_y, centre_x)
    centre = Reshape (centre_4d, flat)
    centre_raised = Add (centre, all)
    centre_px = Mul (centre_raised, half_size)
    start = {to_float} (whole_start)
    shape = {to_float} (whole_shape)
    inner = {to_float} (whole_inner)
    pixels = Div (shape, inner)
    centre_inside = Sub (centre_px, start)
    middle = Mul (centre_inside, pixels)
    half_side_flat = Reshape (half_side, flat)
    half_side_px = Mul (half_side_flat, half_size)
    reach = Mul (half_side_px, pixels)
    reach_turned = Mul (reach, diagonal)
    lowest = Sub (middle, reach_turned)
    highest = Add (middle, reach_turned)
    floor = Floor (lowest)
    ceiling = Ceil (highest)
    floor_px = {to_int} (floor)
    ceiling_px = {to_int} (ceiling)
    last_px = Sub (whole_shape, one)
    begin_raised = Max (floor_px, zero)
    begin = Min (begin_raised, last_px)
    begin_next = Add (begin, one)
    finish_raised = Max (ceiling_px, begin_next)
    finish = Min (finish_raised, whole_shape)
    cut_out = Slice ({INPUT}, begin, finish, first)"""


def _turn(cut_out_px: int) -> str:
    """The close-up, sampled from the square with the cut-out region; grey outside, as the bars are.

    `scale_x`, `scale_y`, `shift_x` and `shift_y` take coordinates of the close-up, turned, to those of the
    square; both in -1..1.
    """
    to_float = f"Cast <to = {onnx.TensorProto.FLOAT}>"
    return f"""
    to_unit = Constant <value_float = {2.0 / cut_out_px}> ()
    y_x = Constant <value_ints = [1, 1]> ()
    near_begin = {to_float} (begin)
    near_shape_float = {to_float} (near_shape)
    near_inner_float = {to_float} (near_inner)
    near_start_float = {to_float} (near_start)
    near_pixels = Div (near_inner_float, near_shape_float)
    reach_near = Mul (reach, near_pixels)
    scale = Mul (reach_near, to_unit)
    scale_y, scale_x = Split (scale, y_x)
    middle_cut = Sub (middle, near_begin)
    middle_near = Mul (middle_cut, near_pixels)
    middle_square = Add (middle_near, near_start_float)
    middle_unit = Mul (middle_square, to_unit)
    shift = Sub (middle_unit, all)
    shift_y, shift_x = Split (shift, y_x)

    cos_x = Mul (cos, columns)
    sin_y = Mul (sin, rows)
    sin_x = Mul (sin, columns)
    cos_y = Mul (cos, rows)
    turned_x = Sub (cos_x, sin_y)
    turned_y = Add (sin_x, cos_y)
    scaled_x = Mul (turned_x, scale_x)
    scaled_y = Mul (turned_y, scale_y)
    grid_x = Add (scaled_x, shift_x)
    grid_y = Add (scaled_y, shift_y)
    grid_first = Concat <axis = 1> (grid_x, grid_y)
    grid = Transpose <perm = [0, 2, 3, 1]> (grid_first)
    without_grey = Sub (near_square, grey_level)
    sampled = GridSample <mode = "bilinear", padding_mode = "zeros"> (without_grey, grid)
    {CLOSE_UP} = Add (sampled, grey_level)"""


def _turn_back() -> str:
    """The close-up's answer, `level`, in the square with the cut-out; zero outside, or if not sure."""
    return """
    back_x = Sub (cut_out_columns, shift_x)
    back_y = Sub (cut_out_rows, shift_y)
    unscaled_x = Div (back_x, scale_x)
    unscaled_y = Div (back_y, scale_y)
    back_cos_x = Mul (cos, unscaled_x)
    back_sin_y = Mul (sin, unscaled_y)
    back_sin_x = Mul (sin, unscaled_x)
    back_cos_y = Mul (cos, unscaled_y)
    back_grid_x = Add (back_cos_x, back_sin_y)
    back_grid_y = Sub (back_cos_y, back_sin_x)
    back_first = Concat <axis = 1> (back_grid_x, back_grid_y)
    back_grid = Transpose <perm = [0, 2, 3, 1]> (back_first)
    level_or_not = GridSample <mode = "bilinear", padding_mode = "zeros"> (near_answer, back_grid)
    level = Mul (level_or_not, sure)"""


def _into_the_whole() -> str:
    """The probabilities of the region, at its place in the image; zero elsewhere."""
    return f"""
    after = Sub (whole_shape, finish)
    margins = Concat <axis = 0> (begin, after)
    {OUTPUT} = Pad (near_found, margins, none)"""


def _put_in(graph: onnx.GraphProto, networks: dict[str, onnx.ModelProto]) -> None:
    """Replace each node `Network`, known by its output, by the network's; equal weights are stored once."""
    nodes = list(graph.node)
    del graph.node[:]
    stored: dict[tuple[object, ...], str] = {}
    for node in nodes:
        if node.op_type != "Network":
            graph.node.append(node)
            continue
        (answer,) = node.output
        inner = networks[answer].graph
        names = {inner.input[0].name: node.input[0], inner.output[0].name: answer}
        for tensor in inner.initializer:
            bits = (tensor.data_type, *tensor.dims, numpy_helper.to_array(tensor).tobytes())
            if bits not in stored:
                stored[bits] = f"{answer}/{tensor.name}"
                graph.initializer.add().CopyFrom(tensor)
                graph.initializer[-1].name = stored[bits]
            names[tensor.name] = stored[bits]
        for step in inner.node:
            copy = graph.node.add()
            copy.CopyFrom(step)
            copy.name = step.name and f"{answer}/{step.name}"
            for place in (copy.input, copy.output):
                place[:] = [names.get(name, name and f"{answer}/{name}") for name in place]
