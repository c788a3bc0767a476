"""Register a trained model as a candidate. Production does not change."""

from __future__ import annotations

from pathlib import Path

from wms.core.errors import Code, RecordError
from wms.core.ports import Registry
from wms.core.production import verify_bundle
from wms.core.records.training import Candidate, TrainResult


def register(*, result: TrainResult, bundle: Path, registry: Registry) -> Candidate:
    """Register a bundle, after checking that it is the one that the training made.

    The same weights again get the same version.

    Raises:
        RecordError: the bundle has no card; or its files are not those of the training.
        RegistryError: the registry did not take it.
    """
    card = verify_bundle(bundle)
    if (card.weights_sha256, card.onnx_sha256) != (result.weights_sha256, result.onnx_sha256):
        raise RecordError(
            f"{bundle} holds the weights {card.weights_sha256[:12]}…, the training made "
            f"{result.weights_sha256[:12]}…",
            Code.DIGEST_MISMATCH,
        )
    version = registry.register(result.run_id, bundle, weights_sha256=result.weights_sha256)
    return Candidate(version=version.version, run_id=version.run_id, weights_sha256=version.weights_sha256)
