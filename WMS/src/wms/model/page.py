"""The page that runs a model in a visitor's browser: static files, with nothing to run on a server."""

from __future__ import annotations

import shutil
from importlib.metadata import version as version_of
from pathlib import Path

from pydantic import ValidationError

from wms.core.errors import Code, InputError, ModelError
from wms.core.files import link_or_copy, write_bytes
from wms.core.records.base import Frozen, Sha256, canonical_json
from wms.core.records.training import CARD_FILE, ONNX_FILE
from wms.model.bundle import load_bundle

VERSION_FILE = "version.json"
BUILT = Path(__file__).parents[1] / "serving" / "web"
"""Written by `make web`, and part of the wheel."""


class Served(Frozen):
    """`version.json`: which model a page or a service runs.

    `version` is `None` for a model that never was in production; `digest` is the SHA-256 of its graph; `wms`
    is the version of this package.
    """

    version: int | None
    digest: Sha256
    wms: str


def page_folder() -> Path:
    """The built page, without a model.

    Raises:
        InputError: it was not built.
    """
    if not (BUILT / "index.html").is_file():
        raise InputError(
            "the browser page is not built",
            Code.WORKSPACE,
            remedy="Run `make web` in the clone (needs Node.js 20 or newer), or install a released wheel.",
        )
    return BUILT


def write_page(bundle: Path, out: Path, *, version: int | None = None) -> None:
    """Write the page and a model into a folder that any web server can serve.

    Args:
        bundle: the model; its files are checked against its card.
        out: made if missing; a page that is there is replaced.
        version: the model's version in production, shown on the page.

    Raises:
        InputError: the page is not built, or `out` has other files.
        RecordError: the bundle is not whole.
        ModelError: the graph cannot be run, or takes squares, as those from before 2026-11-30.
        StorageError: a file cannot be written.
    """
    built = page_folder()
    predictor = load_bundle(bundle)
    if predictor.takes_squares:
        raise ModelError(
            f"the page cannot run {bundle / ONNX_FILE}: the model is from before 2026-11-30",
            remedy="Train again; a new model takes whole photographs.",
        )
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if present and not _is_page(out):
        raise InputError(
            f"{out} has {min(present)}, but the page needs a folder of its own", Code.OCCUPIED_FOLDER
        )
    if present:
        shutil.rmtree(out)
    digest = predictor.card.onnx_sha256
    served = Served(version=version, digest=digest, wms=version_of("water-meter-segmentation"))
    # First, so that a folder that was left half written is known as a page, too.
    write_bytes(out / VERSION_FILE, canonical_json(served.model_dump()))
    for source in sorted(path for path in built.rglob("*") if path.is_file()):
        link_or_copy(source, out / source.relative_to(built))
    link_or_copy(bundle / ONNX_FILE, out / ONNX_FILE)
    link_or_copy(bundle / CARD_FILE, out / CARD_FILE)


def _is_page(folder: Path) -> bool:
    """Whether a folder was written by `write_page`: other folders have a `version.json` too."""
    try:
        Served.model_validate_json((folder / VERSION_FILE).read_bytes())
    except (OSError, ValidationError):
        return False
    return True
