"""Whether the training that a run asks for has ended already, so that it is not done again."""

from __future__ import annotations

from wms.core.errors import DigestMismatchError, RecordError
from wms.core.files import read_record
from wms.core.layout import Layout
from wms.core.records.dataset import DatasetManifest
from wms.core.records.training import TrainResult
from wms.core.settings import TrainSettings, settings_digest
from wms.model.bundle import verify_bundle


def finished_training(
    layout: Layout, manifest: DatasetManifest, settings: TrainSettings
) -> TrainResult | None:
    """The record of the training in `run/`; `None` if it has not ended, or is not this one.

    The same pictures, the same settings and a bundle that is whole are asked for. The code may be
    another by now: the record says by which one the model was trained.
    """
    if not layout.record("train").is_file():
        return None
    result = read_record(layout.record("train"), TrainResult)
    wanted = (manifest.digest, settings_digest(settings))
    if (result.provenance.manifest_sha256, result.provenance.config_sha256) != wanted:
        return None
    try:
        card = verify_bundle(layout.bundle)
    except (DigestMismatchError, RecordError):
        return None  # Damaged since: the last checkpoint makes the bundle again.
    same = (card.weights_sha256, card.onnx_sha256) == (result.weights_sha256, result.onnx_sha256)
    return result if same else None
