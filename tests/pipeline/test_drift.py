"""From a promotion to an alarm: the reference stored with the model, the service that counts, the report."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from click.testing import CliRunner, Result
from fastapi import FastAPI
from PIL import Image

from pipeline.conftest import Open, open_small_workspace, production
from pipeline.small import write_small_pairs
from wms.cli.app import root
from wms.core.context import Context
from wms.core.files import read_record, write_bytes
from wms.core.records.drift import DriftReference
from wms.core.records.promotion import RunArchive
from wms.core.settings import DRIFT_CONFIG, load_drift_settings
from wms.gate.reference import measure_answer, stored_reference
from wms.model.bundle import load_bundle
from wms.promotion.release import release_production
from wms.serving.counts import DriftCounts
from wms.serving.drift_api import router

IMAGES = 30


@pytest.fixture
def small_workspace(good_promotion: Path, written_training: object, tmp_path: Path) -> Open:
    """With a model in production."""
    root = shutil.copytree(good_promotion, tmp_path / "work", symlinks=True)
    return lambda: open_small_workspace(root)


@pytest.fixture
def ctx(typed_in: Context, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A workspace with a model in production, whose report needs few images."""
    config = typed_in.layout.root / DRIFT_CONFIG
    text = config.read_text().replace("min_images: 100", f"min_images: {IMAGES}")
    assert f"min_images: {IMAGES}" in text
    config.write_text(text)
    monkeypatch.chdir(typed_in.layout.root)
    return typed_in


def answered(ctx: Context, folder: Path, *, darker: float = 1.0) -> DriftCounts:
    """A service that answered `IMAGES` small images; `darker` dims what is around their windows."""
    settings, predictor = load_drift_settings(ctx.layout.root), load_bundle(ctx.layout.bundle)
    counts = DriftCounts(
        ctx.layout.root / settings.folder,
        keep_days=settings.keep_days,
        write_seconds=settings.write_seconds,
        clock=lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    )
    for path in sorted((write_small_pairs(folder, count=IMAGES, seed=77) / "images").iterdir()):
        image = np.array(Image.open(path))
        image[..., 1:] = (image[..., 1:] * darker).astype(np.uint8)
        counts.observe(measure_answer(predictor, image), onnx_sha256=predictor.card.onnx_sha256)
    return counts


def typed(*words: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(root, [*words])
    assert result.exit_code == exit_code, result.output
    return result


def test_the_reference_is_stored_with_the_model_and_released(ctx: Context, tmp_path: Path) -> None:
    model = production(ctx)
    assert model is not None
    reference = stored_reference(model, ctx.ports.data_store)
    assert reference is not None
    assert reference.onnx_sha256 == model.onnx_sha256
    assert reference.images == model.dataset.val + model.dataset.test
    assert sum(reference.counts["brightness"]) == reference.images
    release_production(ctx)
    ctx.ports.forge.download_asset("model-v1", "drift-reference.json", tmp_path / "released.json")
    assert read_record(tmp_path / "released.json", DriftReference) == reference


def test_photographs_like_those_of_the_training_raise_no_alarm(ctx: Context, tmp_path: Path) -> None:
    answered(ctx, tmp_path / "photos").write()
    said = typed("drift", "report", "--fail-on-drift").output
    assert said.startswith("No drift\n")
    assert f"{IMAGES} images" in said


def test_darker_photographs_alarm_with_what_moved_and_what_to_do(ctx: Context, tmp_path: Path) -> None:
    answered(ctx, tmp_path / "photos", darker=0.3).write()
    said = typed("drift", "report", "--html", str(tmp_path / "page.html")).output
    assert said.startswith("Moved: brightness")
    assert "wms pipeline run --reason 'drift: brightness" in said
    assert "<h1>Moved: brightness" in (tmp_path / "page.html").read_text()
    document = json.loads(typed("drift", "report", "--json", "--fail-on-drift", exit_code=78).stdout)
    assert (document["verdict"], document["error"]["exit_code"]) == ("moved", 78)


def test_the_alarm_is_one_issue_that_is_kept_up_to_date(ctx: Context, tmp_path: Path) -> None:
    answered(ctx, tmp_path / "photos", darker=0.3).write()
    for _ in range(2):
        typed("drift", "report", "--issue")
    ((label, issue),) = ctx.ports.forge.issues().items()  # type: ignore[attr-defined]
    assert label == "drift"
    assert issue.title.startswith("Moved: brightness")
    assert "| brightness | moved |" in issue.body
    assert "### Brightness" in issue.body


def test_without_counts_the_report_says_what_to_do(ctx: Context) -> None:
    assert "--service URL" in typed("drift", "report", exit_code=12).output


def test_a_model_from_before_references_is_no_alarm(ctx: Context, tmp_path: Path) -> None:
    model = production(ctx)
    assert model is not None
    index = ctx.ports.data_store.folder / "blobs" / model.records_sha256  # type: ignore[attr-defined]
    archive = read_record(index, RunArchive)
    old = {name: sha256 for name, sha256 in archive.files.items() if name != "drift-reference.json"}
    write_bytes(tmp_path / "archive.json", archive.model_copy(update={"files": old}).to_json())
    records_sha256 = ctx.ports.data_store.put_blob(tmp_path / "archive.json")
    earlier = model.model_copy(update={"records_sha256": records_sha256})
    assert stored_reference(earlier, ctx.ports.data_store) is None


def test_a_store_that_is_away_is_replaced_by_the_release(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_production(ctx)
    monkeypatch.setattr("wms.cli.drift.releases_of", lambda layout: ctx.ports.forge)
    answered(ctx, tmp_path / "photos").write()
    for path in (ctx.ports.data_store.folder / "blobs").iterdir():  # type: ignore[attr-defined]
        path.unlink()
    assert "No drift" in typed("drift", "report").output


class TestOverHttp:
    @pytest.fixture
    def address(self, ctx: Context, tmp_path: Path) -> Iterator[str]:
        """A service that counted darker photographs and wants a key."""
        app = FastAPI()
        app.include_router(router(answered(ctx, tmp_path / "photos", darker=0.3)))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            thread.join(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join()

    def test_the_counts_of_a_service_are_asked_for(self, address: str) -> None:
        typed("drift", "report", "--service", address, "--fail-on-drift", exit_code=78)

    def test_several_services_add_up(self, address: str) -> None:
        document = typed("drift", "report", "--service", address, "--service", f"{address}/", "--json").stdout
        assert json.loads(document)["images"] == 2 * IMAGES

    def test_what_is_no_service_is_an_error_that_names_it(self, address: str) -> None:
        said = typed("drift", "report", "--service", f"{address}/else", exit_code=79).output
        assert f"{address}/else/v1/drift answers 404" in said

    def test_a_service_that_is_away_is_an_error(self, ctx: Context) -> None:
        assert (
            "does not answer"
            in typed("drift", "report", "--service", "http://127.0.0.1:1", exit_code=79).output
        )

    @pytest.mark.parametrize("address", ["file:///etc/passwd", "http://[x", "http://host:port", "https://"])
    def test_another_kind_of_address_is_an_error(self, ctx: Context, address: str) -> None:
        assert "Write https://HOST" in typed("drift", "report", "--service", address, exit_code=4).output

    def test_a_key_may_end_with_a_line_break(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WMS_SERVICE_KEY", "a-secret-key\n")
        typed("drift", "report", "--service", address, "--fail-on-drift", exit_code=78)

    @pytest.mark.parametrize("key", ["a-secret\nkey", "a-secret-k\u20acy"])
    def test_a_key_that_no_header_may_have_is_an_error_that_does_not_show_it(
        self, ctx: Context, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setenv("WMS_SERVICE_KEY", key)
        said = typed("drift", "report", "--service", "http://127.0.0.1:1", exit_code=4).output
        assert "WMS_SERVICE_KEY" in said
        assert "a-secret" not in said
