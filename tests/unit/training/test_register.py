import pytest

from factories import make_manifest, make_provenance, make_train_result
from fakes.registry import FakeRegistry
from meters import export_bundle
from wms.core.errors import RecordError, RegistryError
from wms.core.records.training import Architecture, Preprocessing
from wms.training.register import register

MANIFEST = make_manifest(10)


@pytest.fixture
def registry(tmp_path):
    return FakeRegistry(tmp_path / "registry")


@pytest.fixture
def trained(tmp_path, registry):
    architecture = Architecture(base_width=8, depth=1, stem_stride=1)
    card = export_bundle(
        tmp_path / "model",
        architecture=architecture,
        preprocessing=Preprocessing(size_px=32, pad=114),
        provenance=make_provenance(MANIFEST),
    )
    return make_train_result(
        MANIFEST,
        run_id=registry.start_run("run", params={}, tags={}),
        weights_sha256=card.weights_sha256,
        onnx_sha256=card.onnx_sha256,
    )


def test_the_registered_bundle_is_the_trained_one_byte_for_byte(tmp_path, registry, trained):
    candidate = register(result=trained, bundle=tmp_path / "model", registry=registry)
    assert candidate.weights_sha256 == trained.weights_sha256
    fetched = registry.folder / "models" / str(candidate.version)
    for file in (tmp_path / "model").iterdir():
        assert (fetched / file.name).read_bytes() == file.read_bytes()


def test_registering_again_gives_the_same_version(tmp_path, registry, trained):
    first, second = (register(result=trained, bundle=tmp_path / "model", registry=registry) for _ in "ab")
    assert first == second


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx"])
def test_a_changed_bundle_is_not_registered(tmp_path, registry, trained, name):
    (tmp_path / "model" / name).write_bytes(b"other")
    with pytest.raises(RecordError):
        register(result=trained, bundle=tmp_path / "model", registry=registry)
    assert registry.versions() == ()


def test_a_whole_bundle_of_another_training_is_not_registered(tmp_path, registry, trained):
    other = trained.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(RecordError, match="the training made"):
        register(result=other, bundle=tmp_path / "model", registry=registry)


def test_a_registry_that_refuses_is_an_error(tmp_path, registry, trained):
    unknown = trained.model_copy(update={"run_id": "nobody"})
    with pytest.raises(RegistryError):
        register(result=unknown, bundle=tmp_path / "model", registry=registry)
