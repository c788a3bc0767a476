"""What `/` shows when models come and go."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories import make_manifest, make_provenance
from pipeline.small import write_bundle
from wms.model import page
from wms.serving.front import Front
from wms.serving.live import LiveModel
from wms.serving.source import from_folder


def test_a_model_that_no_browser_can_run_gets_the_short_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "built").mkdir()
    (tmp_path / "built/index.html").touch()
    (tmp_path / "pages").mkdir()
    monkeypatch.setattr(page, "BUILT", tmp_path / "built")
    front = Front(None, tmp_path / "pages")
    for whole in (True, False):
        folder = tmp_path / f"whole-{whole}"
        write_bundle(folder, skill=1.0, provenance=make_provenance(make_manifest(10)), whole=whole)
        LiveModel(from_folder(folder), front.show).refresh()
        assert (front.folder is not None) is whole
    assert list((tmp_path / "pages").iterdir()) == []
