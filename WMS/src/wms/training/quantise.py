"""Convolutions in 8-bit integers: a smaller file, and half the time for a mask.

Static quantisation by ONNX Runtime: weights, and what enters and leaves each convolution, are rounded to 8
bits. How large the latter become is measured on training images. Everything else stays float32. What it
costs in Dice: docs/log.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from wms.core.settings import CloseUpSettings
from wms.imaging.preprocess import to_input
from wms.training.cache import CachedSamples
from wms.training.validation import views

MEASURED = 32
"""Training images, each whole and near."""


def squares_to_measure(
    samples: CachedSamples, close_up: CloseUpSettings | None, *, size_px: int
) -> NDArray[np.float32]:
    """What the network sees of some samples, spread over all of them.

    Returns:
        float32, Bx3xSxS in 0..1.
    """
    chosen = np.linspace(0, len(samples) - 1, min(MEASURED, len(samples))).round().astype(int)
    pixels = torch.from_numpy(to_input(samples.pixels(chosen.tolist())))
    return torch.cat([view[:, :3] for view in views(pixels, close_up, size_px=size_px)]).numpy()


def quantised(network: onnx.ModelProto, squares: NDArray[np.float32]) -> onnx.ModelProto:
    """A network's graph with its convolutions in 8-bit integers.

    Weights have 7 bits: where a processor has no VNNI, the sum of two products of 8 bits can be too large for
    the 16 bits that it gets (onnxruntime.ai, "Quantize ONNX models", When to use reduce-range).

    Args:
        network: its one input is float32, 1x3xSxS.
        squares: float32, Bx3xSxS in 0..1: real images, on which the sizes of activations are measured.
    """
    with tempfile.TemporaryDirectory() as folder:
        exact, prepared, stored = (Path(folder) / f"{name}.onnx" for name in ("exact", "prepared", "stored"))
        onnx.save(network, exact)  # given the model itself, the next step would move its weights to a file
        quant_pre_process(exact, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            stored,
            _Squares(network.graph.input[0].name, squares),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(stored)


class _Squares(CalibrationDataReader):
    """One square after the other, as ONNX Runtime asks for them."""

    def __init__(self, name: str, squares: NDArray[np.float32]) -> None:
        self._inputs: Iterator[dict[str, NDArray[np.float32]]] = iter([{name: one[None]} for one in squares])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._inputs, None)
