"""Does a running service find the window on a known photograph?

The node asks it where the service runs, because a photograph can be decoded there:

    python -m wms.serving.smoke http://127.0.0.1:8000 FOLDER

FOLDER holds `smoke.json` (`SmokeTest`), the photograph and its mask. It prints the `SmokeResult` as JSON and
ends with 0, or prints one sentence on standard error and ends with 1. The service's image has all it imports.
"""

from __future__ import annotations

import http.client
import io
import json
import sys
import urllib.request
import uuid
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wms.core.errors import DeploymentError, WmsError
from wms.core.files import read_record
from wms.core.records.deployment import SmokeResult, SmokeTest
from wms.imaging.compare import count_pixels
from wms.imaging.files import read_mask

SMOKE_FILE = "smoke.json"
SECONDS = 60
"""The first answer of a service that has just started takes a few; more means that it hangs."""


def smoke_test(url: str, folder: Path) -> SmokeResult:
    """Ask a service for the mask of the known photograph.

    Args:
        url: the service's, without a slash at the end.
        folder: as above.

    Raises:
        DeploymentError: it does not answer, has another model, or finds too little of the window.
        RecordError, ImageError: the folder is not as it must be.
    """
    test = read_record(folder / SMOKE_FILE, SmokeTest)
    truth = read_mask(folder / test.mask, threshold=test.mask_threshold)
    digest = str(json.loads(_ask(f"{url}/version"))["digest"])
    photograph = (folder / test.photograph).read_bytes()
    found = _mask(_ask(f"{url}/v1/predict", photograph=photograph, name=test.photograph))
    return judge(test, found, truth, digest=digest)


def judge(test: SmokeTest, found: NDArray[np.bool_], truth: NDArray[np.bool_], *, digest: str) -> SmokeResult:
    """Compare a mask that was found with the one that was drawn, both bool, HxW.

    Raises:
        DeploymentError: it is of another model or size, or its Dice is below what the test asks for.
    """
    if digest != test.onnx_sha256:
        raise DeploymentError(f"it has the model {digest[:12]}, not {test.onnx_sha256[:12]}")
    if found.shape != truth.shape:
        sizes = f"{found.shape[::-1]} pixels, and the photograph {truth.shape[::-1]}"
        raise DeploymentError(f"its mask has {sizes}")
    dice = count_pixels(found, truth).dice
    if dice < test.dice_at_least:
        raise DeploymentError(
            f"on the known photograph its Dice is {dice:.4f}, and must be {test.dice_at_least:.4f} or more"
        )
    return SmokeResult(dice=dice, onnx_sha256=digest)


def _mask(png: bytes) -> NDArray[np.bool_]:
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            return np.asarray(image.convert("L")) > 127  # The service writes 0 and 255.
    except (OSError, ValueError, SyntaxError) as error:
        raise DeploymentError(f"it answered with no PNG: {error}") from error


def _ask(url: str, *, photograph: bytes | None = None, name: str = "") -> bytes:
    """The body of an answer; with a photograph a form is posted, and a PNG is asked for."""
    headers, body = {}, None
    if photograph is not None:
        boundary = uuid.uuid4().hex
        begin = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
        body = begin.encode() + photograph + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Accept": "image/png", "Content-Type": f"multipart/form-data; boundary={boundary}"}
    try:
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - the service's own
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return bytes(answer.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DeploymentError(f"{url} does not answer: {error}") from error


def main(words: list[str]) -> int:
    """The entry point."""
    if len(words) != 2:
        sys.stderr.write("usage: python -m wms.serving.smoke URL FOLDER\n")
        return 2
    try:
        result = smoke_test(words[0], Path(words[1]))
    except WmsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(result.model_dump_json() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
