"""actions/upload-pages-artifact and actions/deploy-pages: a site that is served here once it is deployed.

deploy-pages takes one artifact of its run, `github-pages` if nothing else is named, and asks for
`pages: write` and `id-token: write` (its README, which also says that the job should name the environment
`github-pages`).
"""

from __future__ import annotations

import functools
import http.server
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.engine.actions.base import Action, ActionCall, ActionFailure

ARTIFACT = "github-pages"


def upload(call: ActionCall) -> None:
    """Keep a folder as the run's site."""
    folder = call.workspace / call.inputs["path"]
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    if not files:
        raise ActionFailure(f"No files were found with the provided path: {call.inputs['path']}.")
    call.services.artifacts.save(call.inputs["name"], files, overwrite=False)


def refuse(call: ActionCall) -> None:
    """GitHub Pages are off."""
    raise ActionFailure("Failed to create deployment (status: 404): ensure GitHub Pages has been enabled")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class Site:
    """GitHub Pages that are on: what was deployed last is served at `url`."""

    folder: Path
    url: str

    @property
    def action(self) -> Action:
        """actions/deploy-pages, publishing here."""
        return Action(run=self._deploy, inputs={"artifact_name": ARTIFACT})

    def _deploy(self, call: ActionCall) -> None:
        call.require("pages")
        call.require("id-token")
        name = call.inputs["artifact_name"]
        artifacts = call.services.artifacts.matching(name)
        if not artifacts:
            raise ActionFailure(f"No artifacts named {name!r} were found for this workflow run.")
        for old in self.folder.iterdir():
            old.unlink()
        shutil.copytree(artifacts[0].folder, self.folder, dirs_exist_ok=True)
        call.outputs["page_url"] = self.url


@contextmanager
def site_serving() -> Iterator[Site]:
    """A site with nothing deployed."""
    with tempfile.TemporaryDirectory(prefix="site-") as name:
        handler = functools.partial(_Quiet, directory=name)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield Site(folder=Path(name), url=f"http://127.0.0.1:{server.server_port}/")
            server.shutdown()


UPLOAD = Action(run=upload, inputs={"name": ARTIFACT, "path": None})
DEPLOY = Action(run=refuse, inputs={"artifact_name": ARTIFACT})
