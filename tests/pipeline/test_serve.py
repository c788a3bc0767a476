"""Which model the service takes: from production, the registry, a release, and that it is the right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories import make_manifest, make_provenance
from pipeline.conftest import promote
from pipeline.small import write_bundle
from services import Client, serving_source
from unit.serving.conftest import photograph
from wms.core.context import Context
from wms.core.errors import Code, NoProductionModelError, RecordError
from wms.core.production import main_head, model_history, require_production
from wms.promotion.release import release_production
from wms.promotion.rollback import roll_back
from wms.serving.live import LiveModel
from wms.serving.source import (
    from_folder,
    from_production,
    from_registry,
    from_release,
    promoted,
)


def test_the_model_in_production_is_served_and_followed_wherever_it_is_looked_up(
    ctx: Context, tmp_path: Path
) -> None:
    ports = ctx.ports
    live = [
        LiveModel(from_production(ctx)),
        LiveModel(from_registry(ports.registry, tmp_path / "registry")),
        LiveModel(from_release(ports.forge, tmp_path / "release", None)),
    ]
    for each in live:
        with pytest.raises(NoProductionModelError):
            each.refresh()
    for skill, version in ((75, 1), (100, 2), (None, 1)):
        if skill is not None:
            promote(ctx, tmp_path, skill)
        else:
            roll_back(ctx, version=None, reason="to see", dry_run=False, propose=False, ci_passed=None)
        release_production(ctx)
        digest = require_production(ports.repository, main_head(ports.repository)).onnx_sha256
        for each in live:
            assert each.refresh()
            assert not each.refresh()
            assert each.loaded is not None
            assert (each.loaded.version, each.loaded.digest) == (version, digest)
    (_, second, first) = model_history(ports.repository, main_head(ports.repository))
    for named in (lambda: promoted(ctx, second), from_release(ports.forge, tmp_path / "release", 2)):
        earlier = LiveModel(named)
        earlier.refresh()
        assert earlier.loaded is not None
        assert (earlier.loaded.version, earlier.loaded.digest) == (2, second.onnx_sha256)
    assert first.onnx_sha256 == digest


def test_a_registered_model_with_other_weights_is_not_served(ctx: Context, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 100)
    source = from_registry(ctx.ports.registry, tmp_path / "scratch")
    live = LiveModel(source)
    live.refresh()
    stored = ctx.layout.state / "fake-registry/models/1"
    write_bundle(stored, skill=0.5, provenance=make_provenance(make_manifest(10)))
    with pytest.raises(RecordError, match="as registered"):
        LiveModel(source).refresh()
    assert live.loaded is not None


def test_a_folder_with_other_bytes_is_not_served(tmp_path: Path) -> None:
    write_bundle(tmp_path, skill=1.0, provenance=make_provenance(make_manifest(10)))
    graph = tmp_path / "model.onnx"
    graph.write_bytes(graph.read_bytes() + b"x")
    with pytest.raises(RecordError) as caught:
        LiveModel(from_folder(tmp_path)).refresh()
    assert caught.value.code is Code.DIGEST_MISMATCH


def test_a_promotion_reaches_a_running_service(ctx: Context, tmp_path: Path) -> None:
    def version(client: Client) -> int:
        assert client.predict(photograph()).status_code == 200
        return int(client.get("/version").json()["version"])

    promote(ctx, tmp_path, 75)
    with serving_source(from_production(ctx), poll_seconds=0.1) as client:
        assert version(client) == 1
        promote(ctx, tmp_path, 100)
        for _ in range(100):
            if version(client) == 2:
                return
    pytest.fail("the service did not follow production")
