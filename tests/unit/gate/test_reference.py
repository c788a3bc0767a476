from __future__ import annotations

from pathlib import Path

import pytest

from factories import make_manifest, make_metadata, make_provenance, sha256
from fakes.data_store import FakeDataStore
from meters import write_dataset
from pipeline.small import write_bundle
from wms.core.errors import ImageError, RecordError
from wms.core.files import write_record
from wms.core.progress import Silent
from wms.core.records.drift import DriftReference, count
from wms.core.records.promotion import ModelMetadata, RunArchive
from wms.gate.reference import measure_reference, reference_samples, stored_reference
from wms.model.bundle import load_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "model", skill=1.0, provenance=make_provenance(make_manifest(10)))
    return tmp_path / "model"


def test_the_reference_is_of_images_that_the_model_did_not_learn_from(tmp_path: Path, bundle: Path) -> None:
    manifest = write_dataset(tmp_path / "data", train=5, val=2, test=3)
    samples = reference_samples(manifest)
    assert {sample.split for sample in samples} == {"val", "test"}
    reference = measure_reference(
        bundle=bundle, samples=samples, dataset=tmp_path / "data", progress=Silent()
    )
    assert reference.images == 5
    assert reference.onnx_sha256 == load_bundle(bundle).card.onnx_sha256
    assert {sum(counts) for name, counts in reference.counts.items() if name != "window_angle_degrees"} == {5}


def test_an_image_that_is_missing_is_an_error(tmp_path: Path, bundle: Path) -> None:
    manifest = write_dataset(tmp_path / "data", train=0, val=0, test=2)
    (tmp_path / "data/images" / manifest.samples[0].image).unlink()
    with pytest.raises(ImageError, match=manifest.samples[0].image):
        measure_reference(
            bundle=bundle, samples=manifest.samples, dataset=tmp_path / "data", progress=Silent()
        )


def stored(tmp_path: Path, *, onnx_sha256: str) -> tuple[ModelMetadata, FakeDataStore]:
    """A model whose run has a reference of the model `onnx_sha256`."""
    store, model = FakeDataStore(tmp_path / "store"), make_metadata(3)
    reference = DriftReference(
        onnx_sha256=onnx_sha256, samples_sha256=sha256("samples"), images=1, counts=count([])
    )
    write_record(tmp_path / "drift-reference.json", reference)
    files = {"drift-reference.json": store.put_blob(tmp_path / "drift-reference.json")}
    write_record(tmp_path / "archive.json", RunArchive(run_id=model.run_id, verdict="promote", files=files))
    records_sha256 = store.put_blob(tmp_path / "archive.json")
    return model.model_copy(update={"records_sha256": records_sha256}), store


def test_a_model_s_own_reference_is_found(tmp_path: Path) -> None:
    model, store = stored(tmp_path, onnx_sha256=make_metadata(3).onnx_sha256)
    reference = stored_reference(model, store)
    assert reference is not None
    assert reference.images == 1


def test_another_model_s_reference_is_an_error(tmp_path: Path) -> None:
    model, store = stored(tmp_path, onnx_sha256=sha256("another"))
    with pytest.raises(RecordError, match="not of v3"):
        stored_reference(model, store)
