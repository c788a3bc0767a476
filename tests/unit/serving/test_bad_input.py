"""Whatever is sent, a real server answers it with one clear sentence and goes on."""

from __future__ import annotations

import io
import re
import socket
import struct
import time
import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from pairs import deep_png, repeated_scans
from services import Server, serving, serving_here
from unit.serving.conftest import photograph
from wms.core.records.drift import EDGES, ServiceCounts
from wms.serving.answer import Answer, Refusal


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred kilobytes that decodes to a bit for each of its pixels."""
    compressor = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(compressor.compress(row) for _ in range(height)) + compressor.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(10 * 2**20))
    return buffer.getvalue()


def encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


JPEG = photograph()
SLOW = repeated_scans(Image.new("RGB", (20, 20)), 1400, progressive=True)
OTHER_FIELD = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\nx\r\n--x--'
BAD = {
    "a text file": (b"Hello, this is no image.\n", 415, "it holds text"),
    "nothing": (b"", 415, "nothing (0 bytes)"),
    "zeros": (bytes(1000), 415, "it holds zeros"),
    "a zip bomb": (zipped(), 415, "a ZIP archive"),
    "a 200-megapixel PNG": (bomb(20_000, 10_000), 413, "more than"),
    "a decompression bomb": (bomb(20_000, 20_000), 413, "more than"),
    "a little above the limit": (bomb(6_000, 4_167), 413, "6000x4167, more than 25 megapixels"),
    "half a JPEG": (JPEG[: len(JPEG) // 2], 422, "cut off or damaged"),
    "a JPEG's first bytes": (JPEG[:20], 422, "damaged"),
    "HEIC": (struct.pack(">I", 24) + b"ftypheic" + bytes(400), 415, "a HEIC image"),
    "WebP": (encoded(Image.new("RGB", (20, 20)), "WEBP"), 415, "a WebP image"),
    "CMYK": (encoded(Image.new("CMYK", (20, 20)), "JPEG"), 422, "CMYK"),
    "16 bits": (encoded(Image.new("I;16", (20, 20)), "PNG"), 422, "more than 8 bits"),
    "16 bits and colours": (deep_png(20), 422, "more than 8 bits"),
    "a JPEG of 1,410 scans": (SLOW, 422, "scans"),
    "too many bytes": (JPEG + bytes(21 * 2**20), 413, "more than 20 MiB"),
}


def require_refusal(answer: requests.Response, status: int) -> str:
    """The one sentence of a refusal, which comes with what to do."""
    assert answer.status_code == status, answer.text
    refusal = Refusal.model_validate_json(answer.content)
    assert re.fullmatch(r"[^\n]{10,200}", refusal.error)
    assert re.fullmatch(r"[A-Z][^\n]{5,200}", refusal.remedy)
    assert "secret" not in refusal.error
    return refusal.error


@pytest.mark.parametrize(("data", "status", "says"), BAD.values(), ids=BAD.keys())
def test_bad_images_are_refused_in_a_sentence(server: Server, data: bytes, status: int, says: str) -> None:
    said = require_refusal(server.predict(data), status)
    assert said.startswith("image 1 ")
    assert says in said
    assert server.predict(JPEG, accept="image/png").status_code == 200


def test_no_bad_image_takes_memory(server: Server) -> None:
    server.predict(*[JPEG] * 8)
    before = server.memory_mib()
    for data, status, _ in BAD.values():
        require_refusal(server.predict(data), status)
    assert server.memory_mib() < before + 30


def test_500_files_at_once_are_refused(server: Server) -> None:
    assert "500 images, more than 16" in require_refusal(server.predict(*[JPEG[:2000]] * 500), 413)


def test_too_many_files_for_the_reader_are_refused(server: Server) -> None:
    require_refusal(server.predict(*[b"x"] * 5000), 400)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", None),
        (JPEG, "image/jpeg"),
        (b"{}", "application/json"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"nonsense", "multipart/form-data"),
        (b"image=x", "application/x-www-form-urlencoded"),
        (OTHER_FIELD, "multipart/form-data; boundary=x"),
    ],
)
def test_other_bodies_are_refused(server: Server, body: bytes, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = requests.post(f"{server.address}/v1/predict", data=body, headers=headers, timeout=30)
    require_refusal(answer, 400)
    assert "curl --form image=@photo.jpg" in answer.json()["remedy"]


def test_too_large_a_request_is_refused_whether_it_says_its_length_or_not(bundle: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
        yield from [bytes(2**20)] * 3
        yield b"\r\n--x--"

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    with serving_here(bundle, max_image_mib=1, max_request_mib=2) as server:
        for body in (parts(), b"".join(parts())):
            answer = requests.post(f"{server.address}/v1/predict", data=body, headers=kind, timeout=30)
            assert "more than 2 MiB" in require_refusal(answer, 413)


def test_a_slow_upload_is_ended(bundle: Path) -> None:
    with serving_here(bundle, upload_seconds=0.5) as server:
        place = urlsplit(server.address)
        with socket.create_connection((place.hostname, place.port), timeout=10) as slow:
            slow.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
            began = time.monotonic()
            said = slow.recv(4096).decode()
        assert said.startswith("HTTP/1.1 408 ")
        assert time.monotonic() - began < 8
        assert server.predict(JPEG).status_code == 200


def test_a_client_that_leaves_gives_its_place_back(bundle: Path) -> None:
    with serving_here(bundle, queue=1, max_images=1) as server:
        place = urlsplit(server.address)
        with socket.create_connection((place.hostname, place.port), timeout=10) as leaving:
            leaving.sendall(
                b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
            )
            until = time.monotonic() + 10
            while server.metric("wms_queue") == 0:
                assert time.monotonic() < until
            assert "queue" in require_refusal(server.predict(JPEG), 503)
        while server.metric("wms_queue") == 1:
            assert time.monotonic() < until
        assert server.predict(JPEG).status_code == 200


def test_a_full_queue_says_when_to_come_again(bundle: Path) -> None:
    large = photograph(size=(3000, 2000))
    with serving_here(bundle, queue=2, max_images=2, workers=1) as server:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.predict(large), range(24)))
        refused = [each for each in answers if each.status_code != 200]
        assert 0 < len(refused) < 24
        for each in refused:
            assert "queue" in require_refusal(each, HTTPStatus.SERVICE_UNAVAILABLE)
            assert 1 <= int(each.headers["Retry-After"]) <= 60
        assert server.predict(large).status_code == 200
        assert server.metric("wms_refusals_total", reason="queue_full") == len(refused)


def test_an_answer_that_takes_too_long_is_given_up(bundle: Path) -> None:
    with serving_here(bundle, answer_seconds=0.05, workers=1) as server:
        answer = server.predict(*[photograph(size=(3000, 2000))] * 4)
        assert "took more than 0.05 s" in require_refusal(answer, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        until = time.monotonic() + 10
        while server.predict(photograph(size=(64, 64))).status_code != 200:
            assert time.monotonic() < until
        (day,) = ServiceCounts.model_validate_json(server.get("/v1/drift").content).days
        assert sum(day.counts["size_px"][bisect_right(EDGES["size_px"], 100) :]) == 0


def test_a_client_above_its_rate_is_told_to_wait(bundle: Path) -> None:
    with serving_here(bundle, requests_per_minute=60, burst=3) as server:
        statuses = [server.predict(JPEG).status_code for _ in range(3)]
        refused = server.predict(JPEG, **{"X-Forwarded-For": "192.0.2.1"})
        assert statuses == [200] * 3
        assert "60 requests in a minute" in require_refusal(refused, 429)
        assert refused.headers["Retry-After"] == "1"
        time.sleep(1.1)
        assert server.predict(JPEG).status_code == 200


@pytest.mark.soak
def test_10_000_requests_at_50_clients_for_two_minutes_leave_memory_flat(
    bundle: Path, record_property: Callable[[str, object], None]
) -> None:
    bodies = [JPEG, *(data for data, _, _ in BAD.values()), photograph(size=(2000, 1500), turn=6)]
    with serving("--model", bundle, requests_per_minute=1_000_000, burst=100_000) as server:
        began, memory = time.monotonic(), []

        def client(number: int) -> tuple[dict[int, int], float]:
            statuses: dict[int, int] = {}
            slowest, turn = 0.0, number
            with requests.Session() as session:
                while time.monotonic() < began + 120 or turn < 50 * 200:
                    body = bodies[turn % len(bodies)] if turn % 4 == 0 else JPEG
                    at = time.monotonic()
                    answer = session.post(
                        f"{server.address}/v1/predict", files=[("image", ("secret", body))], timeout=60
                    )
                    slowest = max(slowest, time.monotonic() - at)
                    statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                    if answer.status_code == 200:
                        Answer.model_validate_json(answer.content)
                    else:
                        require_refusal(answer, answer.status_code)
                    turn += 50
            return statuses, slowest

        with ThreadPoolExecutor(50) as pool:
            clients = [pool.submit(client, number) for number in range(50)]
            while not all(each.done() for each in clients):
                memory.append(server.memory_mib())
                time.sleep(1)
            ended = [each.result() for each in clients]
        counts: dict[int, int] = {}
        for statuses, _ in ended:
            for status, count in statuses.items():
                counts[status] = counts.get(status, 0) + count
        sent, slowest = sum(counts.values()), max(seconds for _, seconds in ended)
        told = f"{sent} requests in {time.monotonic() - began:.0f} s: {counts}; slowest {slowest:.1f} s; "
        told += f"MiB after 5 s {memory[5]:.0f}, at most {max(memory):.0f}, at the end {memory[-1]:.0f}"
        record_property("told", told)
        assert sent >= 10_000
        assert set(counts) <= {200, 413, 415, 422, 503}
        quarter = len(memory) // 4
        assert max(memory[-quarter:]) < max(memory[quarter : 2 * quarter]) + 20
        assert server.predict(JPEG).status_code == 200
        assert server.metric("wms_queue") == 0
        assert not [line for line in server.logged() if line["level"] in {"error", "critical"}]
