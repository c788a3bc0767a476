"""A model bundle in use, on ONNX Runtime alone: what evaluation, `wms predict` and the service run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wms.core.errors import ModelError
from wms.core.production import verify_bundle
from wms.core.records.training import ONNX_FILE, ModelCard
from wms.imaging.preprocess import preprocess, to_image

if TYPE_CHECKING:
    import onnxruntime

INPUT, OUTPUT = "image", "probability"
"""Names in the graph: uint8, HxWx3, RGB, upright, of any size; and float32, HxW in 0..1."""

SQUARE_INPUT = "pictures"
"""The input of graphs from before 2026-11-30: float32, Bx3xSxS in 0..1. Their output is Bx1xSxS."""


class Predictor:
    """A loaded model. It may be used from several threads at once.

    Args:
        card: what the bundle says about itself.
        session: the graph.
    """

    def __init__(self, card: ModelCard, session: onnxruntime.InferenceSession) -> None:
        self.card = card
        self._session = session
        self.takes_squares: bool = session.get_inputs()[0].name == SQUARE_INPUT
        """Whether only `probability` knows how to make its input of a photograph."""

    def probability(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How likely each pixel is register window, at the image's own size.

        Args:
            image: uint8, HxWx3, RGB, upright.

        Returns:
            float32, HxW in 0..1.
        """
        if self.takes_squares:
            inputs, box = preprocess(image, self.card.preprocessing)
            (answer,) = self._session.run([OUTPUT], {SQUARE_INPUT: np.ascontiguousarray(inputs)})
            return to_image(answer[0, 0], box)
        (probability,) = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(image)})
        return probability  # type: ignore[no-any-return]

    def mask(self, image: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """The register window: where the probability is above the model's own threshold.

        Args:
            image: uint8, HxWx3, RGB, upright.

        Returns:
            bool, HxW.
        """
        return self.probability(image) > self.card.threshold


def open_session(graph: str | bytes) -> onnxruntime.InferenceSession:
    """A graph, from a file's name or its bytes, ready to run on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # The arena keeps what the largest image ever needed. Without it the time is the same.
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def load_bundle(folder: Path) -> Predictor:
    """Load a bundle after checking that its files are those that its card names.

    Args:
        folder: holds `model.json`, `model.safetensors` and `model.onnx`.

    Raises:
        RecordError: the card is missing or invalid, or weights or graph are missing or have other bytes.
        ModelError: ONNX Runtime cannot run the graph.
    """
    # Only here: most commands import this module and load no model.
    from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

    unloadable = (
        ort_errors.Fail,
        ort_errors.InvalidArgument,
        ort_errors.InvalidGraph,
        ort_errors.InvalidProtobuf,
    )
    card = verify_bundle(folder)
    graph = folder / ONNX_FILE
    try:
        session = open_session(str(graph))
    except unloadable as error:
        raise ModelError(f"{graph} cannot be loaded: {error}") from error
    if [node.name for node in session.get_inputs()] not in ([INPUT], [SQUARE_INPUT]):
        raise ModelError(f"{graph} is not a wms ONNX model: its input is not named {INPUT}")
    return Predictor(card, session)
