"""Export a trained network as a bundle: weights, an ONNX graph, and a card with the SHA-256 of both.

The graph takes a photograph and returns its probability map (`training/whole_graph.py`).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn

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
from wms.model.bundle import INPUT, OUTPUT, open_session
from wms.training.quantise import quantised
from wms.training.unet import count_parameters
from wms.training.validation import Find
from wms.training.whole_graph import OPSET, whole_graph

PARITY_TOLERANCE = 1e-3
"""Largest accepted difference of a probability between ONNX Runtime and PyTorch. About 1e-6 is usual, because
kernels add in different orders; a wrong operator gives about 0.1."""

SQUARES = "images"
"""The input of the network's own graph."""

COMPARED = 6
"""Squares on which the two are compared, or a few more: spread over all, so some are close-ups."""


class Exported(NamedTuple):
    """A bundle without its card: what the graph finds, and how far the network's export is off at most."""

    find: Find
    parity_max_difference: float


def export_graph(
    network: nn.Module, *, folder: Path, preprocessing: Preprocessing, squares: NDArray[np.float32]
) -> Exported:
    """Write weights and graph of a bundle, and check that network and its graph agree, on squares.

    Args:
        network: images to logits, on the CPU.
        folder: made if missing; files of an older bundle are replaced, and its card is deleted.
        preprocessing: how images become the network's input.
        squares: float32, Bx3xSxS in 0..1: real images, for the comparison and for `training/quantise.py`.

    Raises:
        ModelError: ONNX Runtime's probabilities differ by more than the tolerance above.
        StorageError: a file cannot be written.
    """
    (folder / CARD_FILE).unlink(missing_ok=True)
    tensors = {name: tensor.detach().contiguous() for name, tensor in network.state_dict().items()}
    with replacing(folder / WEIGHTS_FILE) as temporary:
        save_file(tensors, temporary)
    model = nn.Sequential(network, nn.Sigmoid()).eval()
    with replacing(folder / ONNX_FILE) as temporary:
        export_network(model, preprocessing.size_px, temporary)
        exact = onnx.load(temporary)
        difference = _parity(model, exact, squares[:: max(1, len(squares) // COMPARED)])
        onnx.save(whole_graph(quantised(exact, squares), preprocessing), temporary)
        session = open_session(temporary.read_bytes())

    def find(image: NDArray[np.uint8]) -> NDArray[np.float32]:
        (probability,) = session.run([OUTPUT], {INPUT: np.ascontiguousarray(image)})
        return probability

    return Exported(find=find, parity_max_difference=difference)


def write_card(
    exported: Exported,
    network: nn.Module,
    *,
    folder: Path,
    architecture: Architecture,
    preprocessing: Preprocessing,
    threshold: float,
    provenance: Provenance,
) -> ModelCard:
    """Write a bundle's card, which makes it complete.

    Args:
        exported: what `export_graph` returned.
        network: the same as there.
        folder: the same.
        architecture: how to build the network.
        preprocessing: the same.
        threshold: the probability above which a pixel counts as window.
        provenance: what determined the training.

    Raises:
        StorageError: it cannot be written.
    """
    card = ModelCard(
        architecture=architecture,
        preprocessing=preprocessing,
        threshold=threshold,
        parameters=count_parameters(network),
        weights_sha256=sha256_file(folder / WEIGHTS_FILE),
        onnx_sha256=sha256_file(folder / ONNX_FILE),
        parity_max_difference=exported.parity_max_difference,
        provenance=provenance,
    )
    write_record(folder / CARD_FILE, card)
    return card


def export_network(model: nn.Module, size_px: int, path: Path) -> None:
    """Write the graph of a network alone: float32, 1x3xSxS in 0..1, to float32, 1x1xSxS in 0..1."""
    # The tracing exporter: the newer one takes ten seconds on two cores for the same graph.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(1, 3, size_px, size_px),),
            path,
            dynamo=False,
            opset_version=OPSET,
            input_names=[SQUARES],
            output_names=["probabilities"],
        )


def _parity(model: nn.Module, graph: onnx.ModelProto, squares: NDArray[np.float32]) -> float:
    session = open_session(graph.SerializeToString())
    by_onnx = np.concatenate([session.run(None, {SQUARES: one[None]})[0] for one in squares])
    with torch.inference_mode():
        by_torch = model(torch.from_numpy(squares)).numpy()
    difference = float(np.abs(by_onnx - by_torch).max())
    if not difference <= PARITY_TOLERANCE:
        raise ModelError(
            "the exported graph does not agree with the network: probabilities differ by up to "
            f"{difference:.2g}, more than {PARITY_TOLERANCE:g}",
            remedy="Do not use this model. Report it with the versions of torch, onnx and onnxruntime.",
        )
    return difference
