"""A real server in a process of its own, asked over HTTP."""

from __future__ import annotations

import io
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image, ImageDraw

from factories import make_manifest, make_provenance
from pipeline.small import write_bundle
from services import Server, serving, serving_here
from unit.serving.conftest import photograph
from wms.core.errors import StorageError
from wms.core.files import read_record
from wms.core.records.drift import ServiceCounts
from wms.core.records.training import CARD_FILE, ModelCard
from wms.imaging.files import decode_photograph
from wms.model.bundle import load_bundle
from wms.serving.answer import Answer, Refusal
from wms.serving.front import Front
from wms.serving.live import LiveModel
from wms.serving.source import from_folder


def test_a_mask_is_the_one_of_the_model(server: Server, bundle: Path) -> None:
    image = photograph()
    answer = server.predict(image, accept="image/png")
    assert answer.headers["Content-Type"] == "image/png"
    mask = np.asarray(Image.open(io.BytesIO(answer.content)))
    wanted = load_bundle(bundle).mask(decode_photograph(image, name="image"))
    np.testing.assert_array_equal(mask, wanted.astype(np.uint8) * 255)
    assert 0.05 < wanted.mean() < 0.2


def test_a_shape_is_that_of_the_mask(server: Server, bundle: Path) -> None:
    image = photograph()
    answer = Answer.model_validate_json(server.predict(image).content)
    (found,) = answer.images
    drawn = Image.new("L", (found.width_px, found.height_px))
    ImageDraw.Draw(drawn).polygon([tuple(corner) for corner in found.polygon], fill=1)
    mask = load_bundle(bundle).mask(decode_photograph(image, name="image"))
    assert np.mean((np.asarray(drawn) > 0) ^ mask) < 0.005
    assert found.coverage == pytest.approx(mask.mean(), abs=1e-4)
    assert len(found.polygon) < 40
    assert found.box is not None
    assert found.box.angle_degrees == 0.0
    assert found.box.centre_px == pytest.approx((200, 180), abs=6)
    assert found.box.size_px == pytest.approx((240, 120), abs=12)
    assert found.confidence > 0.7


@pytest.mark.parametrize("turn", [3, 6, 8])
def test_a_photograph_that_is_stored_turned_is_answered_upright(server: Server, turn: int) -> None:
    (found,) = Answer.model_validate_json(server.predict(photograph(turn=turn)).content).images
    assert (found.width_px, found.height_px) == ((640, 480) if turn == 3 else (480, 640))
    upright = {3: (440, 300), 6: (300, 200), 8: (180, 440)}[turn]
    assert found.box.centre_px == pytest.approx(upright, abs=8)


def test_each_image_of_several_is_answered_in_its_place(server: Server) -> None:
    empty = io.BytesIO()
    Image.new("RGB", (200, 100)).save(empty, "PNG")
    answer = server.predict(photograph(), b"no image", empty.getvalue(), photograph(kind="PNG"))
    assert answer.status_code == 200
    images = Answer.model_validate_json(answer.content).images
    assert [each.index for each in images] == [1, 2, 3, 4]
    assert images[1].error == "image 2 is not an image: it holds text"
    assert (images[2].polygon, images[2].box, images[2].coverage, images[2].confidence) == ((), None, 0, 0)
    assert images[0].box.centre_px == pytest.approx(images[3].box.centre_px, abs=3)


def test_a_mask_of_several_images_is_refused(server: Server) -> None:
    answer = server.predict(photograph(), photograph(), accept="image/png")
    assert answer.status_code == 406
    assert "one image only" in Refusal.model_validate_json(answer.content).error


def test_it_says_what_it_runs(server: Server, bundle: Path) -> None:
    digest = read_record(bundle / CARD_FILE, ModelCard).onnx_sha256
    assert server.get("/health").json() == {"status": "ok"}
    assert server.get("/ready").json() == {"status": "ready"}
    assert server.get("/version").json() == {"version": None, "digest": digest, "wms": "0.1.0"}
    answer = server.predict(photograph(), accept="image/png")
    assert answer.headers["X-Model-Digest"] == digest
    assert f'wms_model_info{{digest="{digest}",version="none"}} 1.0' in server.get("/metrics").text


def test_requests_and_refusals_are_counted(server: Server) -> None:
    def counts() -> tuple[float, ...]:
        return (
            server.metric("wms_requests_total", route="/v1/predict", status="200"),
            server.metric("wms_refusals_total", reason="not_an_image"),
            server.metric("wms_coverage_count"),
        )

    before = counts()
    server.predict(photograph(), b"text")
    server.predict(b"text")
    assert tuple(np.subtract(counts(), before)) == (1, 2, 1)
    assert server.metric("wms_queue") == 0


def test_the_examples_of_openapi_are_answers(server: Server) -> None:
    described = server.get("/openapi.json").json()["paths"]["/v1/predict"]["post"]
    for status, answer in described["responses"].items():
        kind = Answer if status == "200" else Refusal
        kind.model_validate(answer["content"]["application/json"]["example"], strict=False)
    assert {"200", "400", "401", "406", "413", "415", "422", "429", "503"} <= set(described["responses"])
    assert server.get("/docs").status_code == 200


def test_where_no_page_is_built_a_text_is_at_the_top(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wms.model.page.BUILT", tmp_path)
    with serving_here(bundle) as without_page:
        assert 'href="docs"' in without_page.get("/").text


def test_a_page_is_at_the_top_and_nothing_beside_it(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<title>the built page</title>")
    (folder / "app.js").write_text("1")
    with serving_here(bundle, page=folder) as with_page:
        page = with_page.get("/")
        assert "the built page" in page.text
        assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert "javascript" in with_page.get("/app.js").headers["Content-Type"]
        assert with_page.get("/health").json() == {"status": "ok"}
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//../secret.txt"):
            # `requests` resolves such paths before it sends them.
            connection = HTTPConnection(urlsplit(with_page.address).netloc, timeout=30)
            connection.request("GET", path)
            missing = connection.getresponse()
            assert (missing.status, Refusal.model_validate_json(missing.read()).remedy) == (404, "See /docs.")


def test_a_page_that_cannot_be_written_leaves_nothing(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A file of the page below a name that is a file of the model's.
    (tmp_path / "built/version.json").mkdir(parents=True)
    (tmp_path / "built/index.html").write_text("")
    (tmp_path / "built/version.json/x").write_text("")
    monkeypatch.setattr("wms.model.page.BUILT", tmp_path / "built")
    scratch = tmp_path / "scratch"
    with pytest.raises(StorageError):
        LiveModel(from_folder(bundle), Front(None, scratch).show).refresh()
    assert list(scratch.iterdir()) == []


def test_a_defect_is_answered_and_logged_under_one_number(
    bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    with serving_here(bundle, page=folder) as server:
        folder.rmdir()  # The service is not made for a page that goes.
        answer = server.get("/")
        assert server.metric("wms_requests_total", route="none", status="500") == 1
    assert answer.status_code == 500
    number = answer.headers["X-Request-ID"]
    assert number in Refusal.model_validate_json(answer.content).error
    (line,) = [each for each in caplog.records if each.levelname == "ERROR"]
    assert line.fields["request_id"] == number
    assert line.exc_info is not None


def test_the_log_has_a_line_a_request_and_nothing_of_the_image(server: Server) -> None:
    answer = server.predict(photograph(), b"text")
    server.get("/version")  # The line is written when the answer is out.
    (line,) = [each for each in server.logged() if each.get("request_id") == answer.headers["X-Request-ID"]]
    assert (line["event"], line["route"], line["status"], line["images"]) == (
        "request",
        "/v1/predict",
        200,
        2,
    )
    assert line["megapixels"] == pytest.approx(0.31, abs=0.01)
    assert "secret" not in server.log.read_text()


def test_a_key_is_asked_for(bundle: Path) -> None:
    key = "a key that nobody guesses"
    with serving_here(bundle, api_key=key) as server:
        for headers in ({}, {"X-API-Key": "another key, also long"}, {"X-API-Key": "k\xe9y"}):
            refused = server.predict(photograph(), **headers)
            assert refused.status_code == 401
            assert "API key" in Refusal.model_validate_json(refused.content).error
        assert server.predict(photograph(), **{"X-API-Key": key}).status_code == 200
        assert server.get("/v1/drift").status_code == 401
        assert server.get("/ready").status_code == 200


def test_answered_images_are_counted_and_kept_when_it_ends(bundle: Path, tmp_path: Path) -> None:
    digest = read_record(bundle / CARD_FILE, ModelCard).onnx_sha256
    with serving("--model", bundle, "--state", tmp_path) as server:
        server.predict(photograph(), photograph())
        server.predict(b"no image")
        told = ServiceCounts.model_validate_json(server.get("/v1/drift").content)
    assert [(day.images, day.onnx_sha256) for day in told.days] == [(2, digest)]
    assert read_record(tmp_path / ".wms/drift/counts.json", ServiceCounts) == told


def test_requests_in_work_are_answered_before_it_ends(bundle: Path) -> None:
    statuses: list[int] = []
    with serving("--model", bundle, workers=1) as server:
        large = photograph(size=(4000, 3000))
        asking = threading.Thread(target=lambda: statuses.append(server.predict(*[large] * 4).status_code))
        asking.start()
        until = time.monotonic() + 20
        while server.get("/metrics").text.count("wms_queue 4.0") == 0:
            assert time.monotonic() < until
        server.process.terminate()
        asking.join(timeout=30)
        assert server.process.wait(timeout=30) == 0
    assert statuses == [200]


def test_another_model_is_put_into_use_and_no_request_is_lost(tmp_path: Path) -> None:
    provenance = make_provenance(make_manifest(10))
    folder = tmp_path / "model"
    write_bundle(folder, skill=1.0, provenance=provenance)
    digests, statuses = [], []
    with serving("--model", folder, poll_seconds=0.2, requests_per_minute=1_000_000, burst=10_000) as server:
        for number in range(150):
            answer = server.predict(photograph(), accept="image/png")
            statuses.append(answer.status_code)
            digests.append(answer.headers["X-Model-Digest"])
            if number == 20:
                write_bundle(tmp_path / "next", skill=0.5, provenance=provenance)
                # The card first, so that for a moment the files are of two models.
                for name in ("model.json", "model.safetensors", "model.onnx"):
                    (tmp_path / "next" / name).replace(folder / name)
                    time.sleep(0.3)
            if len(set(digests)) == 2:
                break
        assert server.get("/version").json()["digest"] == digests[-1]
        refreshed = [each["event"] for each in server.logged() if each["logger"] == "wms.serving.live"]
    assert set(statuses) == {200}
    assert len(set(digests)) == 2
    assert any("not refreshed" in event and "SHA-256" in event for event in refreshed)
