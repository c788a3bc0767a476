"""`wms serve`: the model behind HTTP."""

from __future__ import annotations

import contextlib
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wms.cli import options, output
from wms.cli.common import chosen_model, workspace
from wms.core import extras
from wms.core.errors import Code, InputError
from wms.core.layout import Layout
from wms.core.settings import DRIFT_CONFIG, SERVE_CONFIG, ServeSettings, load_settings
from wms.core.settings.drift import DriftSettings
from wms.wiring import open_registry
from wms.wiring.hosting import open_releases, releases_of
from wms.wiring.template import shipped

if TYPE_CHECKING:
    from wms.serving.live import Loaded
    from wms.serving.source import Source

KEY, KEY_LENGTH = "WMS_API_KEY", 16


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 answers other machines too.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one.")
@click.option(
    "--model",
    default="production",
    show_default=True,
    metavar="production|registry|release|DIR",
    help="production: main and the data store; registry: its alias `production`; or a model folder.",
)
@options.version
@click.option(
    "--repo", metavar="OWNER/NAME", help="With --model release: of this repository on GitHub; needs no clone."
)
@click.option(
    "--page", type=options.FOLDER, help="A page for `/`, by `wms model page`; default: the model's."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="For the counts of drift; default: the workspace. Without either they end with the service.",
)
@click.option(
    "--settings",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"Limits and times; default: {SERVE_CONFIG} of the workspace, or the one that ships with wms.",
)
def serve(
    host: str,
    port: int,
    model: str,
    version: int | None,
    repo: str | None,
    page: Path | None,
    state: Path | None,
    settings: Path | None,
) -> None:
    """Answer HTTP requests with register windows, until Ctrl-C or SIGTERM.

    POST photographs to /v1/predict; /docs explains it. When production changes, the new model is loaded and
    no request is lost. With the environment variable WMS_API_KEY each request needs that key in the header
    X-API-Key. Logs are JSON on standard error, without images or file names.

    \b
    Examples:
      wms serve
      wms serve --model run/model --port 8080
      wms serve --model release --repo OWNER/NAME
      curl --form image=@photo.jpg http://127.0.0.1:8000/v1/predict
      curl --form image=@photo.jpg --header 'Accept: image/png' http://127.0.0.1:8000/v1/predict -o mask.png
    """
    extras.require(extras.Extra.SERVE)
    from wms.serving.counts import counting_alone
    from wms.serving.front import Front
    from wms.serving.logs import log_as_json
    from wms.serving.run import run_service
    from wms.serving.service import Service
    from wms.serving.watch import Watch

    def ready(loaded: Loaded, port: int) -> None:
        named = f"model v{loaded.version}" if loaded.version else f"the model in {model}"
        place = f"[{host}]" if ":" in host else host
        output.say(f"{named} ({loaded.digest[:12]}) answers on http://{place}:{port}")

    key = _api_key()
    with tempfile.TemporaryDirectory(prefix="wms-serve-") as scratch:
        source = _source(model, version, repo, Path(scratch))
        limits = load_settings(settings or _config(SERVE_CONFIG), ServeSettings)
        drift = load_settings(_config(DRIFT_CONFIG), DriftSettings)
        root = state or _workspace() or Path(scratch)
        log_as_json()
        with counting_alone(root / drift.folder):
            watch = Watch(drift, root, lambda: datetime.now(UTC))
            service = Service(limits, source, front=Front(page, Path(scratch)), watch=watch, api_key=key)
            run_service(service, host=host, port=port, when_ready=ready)


def _source(model: str, version: int | None, repo: str | None, scratch: Path) -> Source:
    """Where the model comes from."""
    from wms.serving import source

    if repo is not None and model != "release":
        raise click.UsageError("--repo belongs to --model release")
    if version is not None and model not in {"production", "release"}:
        raise click.UsageError("--version belongs to --model production or release")
    if model == "production":
        ctx = workspace()
        if version is None:
            return source.from_production(ctx)
        chosen = source.promoted(ctx, chosen_model(ctx, version))
        return lambda: chosen
    if model == "registry":
        return source.from_registry(open_registry(Path.cwd(), output.ConsoleProgress()), scratch)
    if model == "release":
        forge = open_releases(repo) if repo is not None else releases_of(Layout.find(Path.cwd()))
        return source.from_release(forge, scratch, version)
    if not Path(model).is_dir():
        raise click.BadParameter(f"{model!r} is neither a folder nor production, registry or release")
    return source.from_folder(Path(model))


def _workspace() -> Path | None:
    """The workspace that this folder is in, if it is in one."""
    with contextlib.suppress(InputError):
        return Layout.find(Path.cwd()).root
    return None


def _config(name: str) -> Path:
    """The workspace's settings, or those that ship with wms."""
    root = _workspace()
    path = root / name if root is not None else None
    return path if path is not None and path.is_file() else shipped(name)


def _api_key() -> str | None:
    """The key of the environment; one that could be guessed is refused."""
    key = os.environ.get(KEY)
    if key is not None and len(key) < KEY_LENGTH:
        raise InputError(
            f"{KEY} is shorter than {KEY_LENGTH} characters",
            Code.CONFIG,
            remedy="Make one with `openssl rand -hex 24`, or unset the variable to serve without a key.",
        )
    return key
