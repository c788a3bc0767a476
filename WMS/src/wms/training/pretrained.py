"""The weights that ship with wms: a network that was trained on rendered meters alone (`wms pretrain`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from wms.core.files import read_record, replacing, sha256_file, verify_sha256, write_record
from wms.core.records.base import Record, Sha256
from wms.core.records.dataset import Share
from wms.core.records.training import Architecture, Provenance

SHIPPED = Path(__file__).parent / "weights"
"""The folder that is part of the package."""

WEIGHTS, CARD = "pretrained.safetensors", "pretrained.json"


class Pretrained(Record):
    """`pretrained.json`: what the weights beside it are, and how they were made.

    They are stored as float16; `weights_sha256` is that of the file. `command` makes them again. `val_dice`
    is on rendered pairs that were not trained on.
    """

    architecture: Architecture
    weights_sha256: Sha256
    command: str
    torch_version: str
    val_dice: Share
    provenance: Provenance


def save_pretrained(
    network: nn.Module,
    folder: Path,
    *,
    architecture: Architecture,
    provenance: Provenance,
    command: str,
    torch_version: str,
    val_dice: float,
) -> Pretrained:
    """Write the weights of a network as float16, and their card.

    Raises:
        StorageError: a file cannot be written.
    """
    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }
    with replacing(folder / WEIGHTS) as temporary:
        save_file(tensors, temporary)
    card = Pretrained(
        architecture=architecture,
        weights_sha256=sha256_file(folder / WEIGHTS),
        command=command,
        torch_version=torch_version,
        val_dice=val_dice,
        provenance=provenance,
    )
    write_record(folder / CARD, card)
    return card


def load_pretrained(folder: Path = SHIPPED) -> tuple[Pretrained, Mapping[str, Tensor]]:
    """The card and the weights, as float32, after a check of their SHA-256.

    Raises:
        RecordError: a file is missing or has other bytes.
    """
    card = read_record(folder / CARD, Pretrained)
    verify_sha256(folder / WEIGHTS, card.weights_sha256)
    tensors = load_file(folder / WEIGHTS)
    return card, {
        name: tensor.to(torch.float32) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }
