"""A fake of the model's service, as far as a deployment meets it: `/ready`, `/version`, `/v1/predict` as PNG.

    python -m fakes.service PORT FOLDER

It runs the folder's real bundle. Where that cannot be loaded it ends, as a service does.
"""

from __future__ import annotations

import http.server
import io
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from wms.imaging.files import read_image
from wms.model.bundle import Predictor, load_bundle


class Service(http.server.BaseHTTPRequestHandler):
    predictor: Predictor

    def do_GET(self) -> None:
        card = self.predictor.card
        self._answer(json.dumps({"version": None, "digest": card.onnx_sha256, "wms": "0"}).encode())

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"]))
        boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
        head, _, rest = form.partition(b"\r\n\r\n")
        assert b'name="image"' in head
        assert self.headers["Accept"] == "image/png"
        with tempfile.NamedTemporaryFile() as file:
            file.write(rest[: rest.rindex(b"\r\n--" + boundary)])
            file.flush()
            mask = self.predictor.mask(read_image(Path(file.name)))
        png = io.BytesIO()
        Image.fromarray(mask.astype(np.uint8) * 255).save(png, "PNG")
        self._answer(png.getvalue())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    Service.predictor = load_bundle(Path(sys.argv[2]))
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
