"""The page that runs a model in a visitor's browser: static files, with nothing to run on a server."""

from __future__ import annotations

import shutil
from importlib.metadata import version as version_of
from pathlib import Path

from wms.core.errors import Code, InputError
from wms.core.files import link_or_copy, write_bytes
from wms.core.production import verify_bundle
from wms.core.records.base import Frozen, Sha256, canonical_json
from wms.core.records.training import CARD_FILE, ONNX_FILE

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
        StorageError: a file cannot be written.
    """
    built = page_folder()
    card = verify_bundle(bundle)
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if present and VERSION_FILE not in present:
        raise InputError(
            f"{out} has {min(present)}, but the page needs a folder of its own", Code.OCCUPIED_FOLDER
        )
    if present:
        shutil.rmtree(out)
    served = Served(version=version, digest=card.onnx_sha256, wms=version_of("water-meter-segmentation"))
    # First, so that a folder that was left half written is known as a page, too.
    write_bytes(out / VERSION_FILE, canonical_json(served.model_dump()))
    for source in sorted(path for path in built.rglob("*") if path.is_file()):
        link_or_copy(source, out / source.relative_to(built))
    link_or_copy(bundle / ONNX_FILE, out / ONNX_FILE)
    link_or_copy(bundle / CARD_FILE, out / CARD_FILE)
