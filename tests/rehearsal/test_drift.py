"""Once a week a running service is asked; what moved is told by one issue."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rehearsal.stage import Stage
from wms.core.records.drift import DayCounts, ServiceCounts, count
from wms.core.records.measures import Measures

IMAGES = 150
BRIGHT = Measures(
    brightness=240.0,
    sharpness=5000.0,
    size_px=4000,
    coverage=0.2,
    confidence=0.4,
    window_angle_degrees=80.0,
)


@pytest.fixture
def service(promoted: Stage) -> Iterator[str]:
    """A service that answered many images which are unlike those that the model was judged on."""
    day = DayCounts(
        day=datetime.now(UTC).date(),
        onnx_sha256=json.loads(promoted.at_main("model-metadata.json"))["onnx_sha256"],
        images=IMAGES,
        counts=count([BRIGHT] * IMAGES),
    )
    answer = ServiceCounts(days=(day,)).to_json()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.path == "/v1/drift" and self.headers["X-API-Key"] == "the key"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(answer if allowed else b"")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_an_alarm_is_one_issue_with_histograms_and_the_command_that_retrains(
    promoted: Stage, service: str
) -> None:
    promoted.sim.world.vars["WMS_SERVICE_URL"] = service
    promoted.sim.world.secrets["WMS_SERVICE_KEY"] = "the key"
    for _ in range(2):
        promoted.sim.dispatch("drift.yml")
        (run,) = promoted.play()
        run.expect("success", report="success")
        assert "## Moved: brightness" in run.jobs["report"].summary
    (issue,) = promoted.github.issues.values()
    assert issue.labels == ["drift"]
    assert issue.title.startswith("Moved: brightness")
    assert "### Brightness" in issue.body
    assert "wms pipeline run --reason" in issue.body


def test_without_a_service_nothing_runs(promoted: Stage) -> None:
    promoted.sim.dispatch("drift.yml")
    (run,) = promoted.play()
    run.expect("skipped", report="skipped")


@pytest.mark.soak
def test_a_service_that_refuses_makes_the_run_red(promoted: Stage, service: str) -> None:
    promoted.sim.world.vars["WMS_SERVICE_URL"] = service
    promoted.sim.dispatch("drift.yml")
    (run,) = promoted.play()
    run.expect("failure", report="failure")
    assert "answers 401" in run.log
    assert promoted.github.issues == {}
