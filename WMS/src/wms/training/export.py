"""From a trained network to a bundle: weights, an ONNX graph, and a card that names both by SHA-256.

The graph takes 0..1 pictures and answers probabilities, so whoever runs it needs no further formula.
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
"""Largest accepted difference of a probability between ONNX Runtime and PyTorch. Different kernels
add in another order: some 1e-6 is usual on trained networks; a wrong operator shows as 0.1."""


def export_bundle(
    model: Probability,
    *,
    folder: Path,
    architecture: Architecture,
    preprocessing: Preprocessing,
    threshold: float,
    provenance: Provenance,
    pictures: NDArray[np.float32],
) -> ModelCard:
    """Write a bundle and check that both of its files answer the same.

    The card is written last: a folder with a card is whole.

    Args:
        model: the network as it is used, on the CPU.
        folder: made if missing; files of an older bundle are replaced.
        architecture: what the network was built from.
        preprocessing: what its inputs went through.
        threshold: the probability above which a pixel counts as window.
        provenance: what determined the training.
        pictures: float32, Bx3xSxS in 0..1, real inputs to compare on.

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
        _export_graph(model, torch.from_numpy(pictures[:1]), temporary)
    card = ModelCard(
        architecture=architecture,
        preprocessing=preprocessing,
        views=len(model.transforms),
        threshold=threshold,
        parameters=count_parameters(model.network),
        weights_sha256=sha256_file(weights),
        onnx_sha256=sha256_file(graph),
        parity_max_difference=_parity(model, graph, pictures),
        provenance=provenance,
    )
    write_record(folder / CARD_FILE, card)
    return card


def _export_graph(model: nn.Module, example: Tensor, path: Path) -> None:
    # The exporter that traces; PyTorch's newer one takes ten seconds on two cores for the same graph.
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


def _parity(model: nn.Module, graph: Path, pictures: NDArray[np.float32]) -> float:
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    (by_onnx,) = session.run([OUTPUT], {INPUT: np.ascontiguousarray(pictures)})
    with torch.inference_mode():
        by_torch = model(torch.from_numpy(pictures)).numpy()
    difference = float(np.abs(by_onnx - by_torch).max())
    if not difference <= PARITY_TOLERANCE:
        raise ModelError(
            f"{graph} answers differently from the network it was made of: probabilities are up to "
            f"{difference:.2g} apart, more than {PARITY_TOLERANCE:g}",
            remedy="Do not use this model. Report it with the versions of torch, onnx and onnxruntime.",
        )
    return difference
