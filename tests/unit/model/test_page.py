"""The folder that `wms model page` writes; the page in a browser is tried in tests/page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factories import make_manifest, make_provenance
from pipeline.small import write_bundle
from wms.core.errors import InputError, ModelError, RecordError
from wms.core.files import sha256_file
from wms.model import page


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "model", skill=1.0, provenance=make_provenance(make_manifest(10)))
    return tmp_path / "model"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "built"
    (folder / "ort").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "ort/runtime.wasm").write_bytes(b"\0asm")
    monkeypatch.setattr(page, "BUILT", folder)
    return folder


def test_the_folder_has_page_model_and_what_it_is(bundle: Path, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    page.write_page(bundle, out, version=3)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == {"index.html", "ort/runtime.wasm", "model.onnx", "model.json", "version.json"}
    said = json.loads((out / "version.json").read_text())
    assert said["version"] == 3
    assert said["digest"] == sha256_file(bundle / "model.onnx")


def test_a_page_is_replaced_and_another_folder_is_not(bundle: Path, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    page.write_page(bundle, out)
    (out / "old.js").touch()
    page.write_page(bundle, out)
    assert not (out / "old.js").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").touch()
    with pytest.raises(InputError, match=r"thesis\.txt"):
        page.write_page(bundle, tmp_path / "other")


@pytest.mark.parametrize("text", ['{"version": "1.2.3"}', "no JSON"])
def test_a_foreign_folder_with_a_version_file_is_not_replaced(
    text: str, bundle: Path, built: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/version.json").write_text(text)
    with pytest.raises(InputError, match="a folder of its own"):
        page.write_page(bundle, tmp_path / "other")
    assert (tmp_path / "other/version.json").read_text() == text


def test_a_model_that_no_browser_can_run_is_refused(built: Path, tmp_path: Path) -> None:
    provenance = make_provenance(make_manifest(10))
    write_bundle(tmp_path / "old", skill=1.0, provenance=provenance, whole=False)
    with pytest.raises(ModelError, match="before 2026-11-30"):
        page.write_page(tmp_path / "old", tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_an_unbuilt_page_names_what_builds_it(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "BUILT", tmp_path / "nothing")
    with pytest.raises(InputError) as caught:
        page.write_page(bundle, tmp_path / "site")
    assert "make web" in caught.value.remedy


def test_a_damaged_model_is_not_put_into_a_page(bundle: Path, built: Path, tmp_path: Path) -> None:
    (bundle / "model.onnx").write_bytes(b"!")
    with pytest.raises(RecordError, match=r"model\.onnx"):
        page.write_page(bundle, tmp_path / "site")
