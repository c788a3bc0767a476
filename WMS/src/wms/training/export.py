"""Export a trained network as a bundle: weights, an ONNX graph, and a card with the SHA-256 of both.

The graph takes images in 0..1 and returns probabilities.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from wms.core.errors import ModelError
from wms.core.files import replacing, sha256_file, write_record
from wms.core.records.training import (
    CARD_FILE,
    ONNX_FILE,
    WEIGHTS_FILE,
    Architecture,
    ModelCard,
    Preprocessing,
    Provenance,
)
from wms.model.bundle import INPUT, OUTPUT
from wms.training.test_time_augmentation import Probability
from wms.training.unet import count_parameters

PARITY_TOLERANCE = 1e-3
"""Largest accepted difference of a probability between ONNX Runtime and PyTorch. About 1e-6 is usual, because
kernels add in different orders; a wrong operator gives about 0.1."""


def export_bundle(
    model: Probability,
    *,
    folder: Path,
    architecture: Architecture,
    preprocessing: Preprocessing,
    threshold: float,
    provenance: Provenance,
    images: NDArray[np.float32],
) -> ModelCard:
    """Write a bundle and check that graph and network agree.

    The card is written last, so a folder with a card is complete.

    Args:
        model: the network, on the CPU.
        folder: made if missing; files of an older bundle are replaced.
        architecture: how to build the network.
        preprocessing: how images become its input.
        threshold: the probability above which a pixel counts as window.
        provenance: what determined the training.
        images: float32, Bx3xSxS in 0..1: real inputs for the comparison.

    Raises:
        ModelError: ONNX Runtime's probabilities differ by more than `PARITY_TOLERANCE`.
        StorageError: a file cannot be written.
    """
    (folder / CARD_FILE).unlink(missing_ok=True)
    weights, graph = folder / WEIGHTS_FILE, folder / ONNX_FILE
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.network.state_dict().items()}
    with replacing(weights) as temporary:
        save_file(tensors, temporary)
    model.eval()
    with replacing(graph) as temporary:
        _export_graph(model, torch.from_numpy(images[:1]), temporary)
    card = ModelCard(
        architecture=architecture,
        preprocessing=preprocessing,
        views=len(model.transforms),
        threshold=threshold,
        parameters=count_parameters(model.network),
        weights_sha256=sha256_file(weights),
        onnx_sha256=sha256_file(graph),
        parity_max_difference=_parity(model, graph, images),
        provenance=provenance,
    )
    write_record(folder / CARD_FILE, card)
    return card


def _export_graph(model: nn.Module, example: Tensor, path: Path) -> None:
    # The tracing exporter: the newer one takes ten seconds on two cores for the same graph.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (example.contiguous(),),
            path,
            dynamo=False,
            opset_version=18,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
        )


def _parity(model: nn.Module, graph: Path, images: NDArray[np.float32]) -> float:
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    (by_onnx,) = session.run([OUTPUT], {INPUT: np.ascontiguousarray(images)})
    with torch.inference_mode():
        by_torch = model(torch.from_numpy(images)).numpy()
    difference = float(np.abs(by_onnx - by_torch).max())
    if not difference <= PARITY_TOLERANCE:
        raise ModelError(
            f"{graph} does not agree with the network: probabilities differ by up to "
            f"{difference:.2g}, more than {PARITY_TOLERANCE:g}",
            remedy="Do not use this model. Report it with the versions of torch, onnx and onnxruntime.",
        )
    return difference
