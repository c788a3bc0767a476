"""Promoted models are released, the one in production is marked, and a release is enough to take it from."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import wms.wiring
from fakes.dying import Countdown, Killed
from fakes.github import FakeGitHub
from forges import REPOSITORY
from pipeline.conftest import dying, on_github, promote
from wms.cli.app import root
from wms.core.context import Context
from wms.core.errors import Code, DataStoreError, ForgeError, NoProductionModelError, RecordError
from wms.core.files import sha256_file
from wms.core.production import main_head, require_production
from wms.promotion.pull import pull_released
from wms.promotion.release import release_production
from wms.promotion.rollback import roll_back

BUNDLE = ["model.json", "model.onnx", "model.safetensors"]


@pytest.fixture(autouse=True)
def unreleased(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs release nothing, so that a test can."""
    monkeypatch.setattr("wms.promotion.release.release_production", lambda ctx: None)


def shown(ctx: Context) -> list[tuple[str, str, bool]]:
    return [(each.tag, each.title, each.latest) for each in ctx.ports.forge.releases()]


def test_a_promoted_model_is_released_with_its_files_and_its_report(ctx: Context, tmp_path: Path) -> None:
    assert release_production(ctx).version is None
    promote(ctx, tmp_path, 100)
    assert release_production(ctx, dry_run=True).published
    assert shown(ctx) == []
    done = release_production(ctx)
    assert (done.tag, done.published) == ("model-v1", True)
    assert shown(ctx) == [("model-v1", "Model v1, in production", True)]
    again = release_production(ctx)
    assert not again.published
    assert not again.marked
    for name in (*BUNDLE, "provenance.json", "report.html", "drift-reference.json", "SHA256SUMS"):
        ctx.ports.forge.download_asset("model-v1", name, tmp_path / "got" / name)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path / "got", check=True)
    assert len((tmp_path / "got/SHA256SUMS").read_text().splitlines()) == 6


def test_the_tag_is_on_the_merge_that_promoted_it(ctx: Context, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 100)
    main = main_head(ctx.ports.repository)
    release_production(ctx)
    remote = ctx.layout.root / ".wms/remote.git"
    tagged = subprocess.run(["git", "rev-parse", "model-v1"], cwd=remote, capture_output=True, check=True)
    assert tagged.stdout.decode().strip() == main


@pytest.mark.parametrize("forge", ["local", "github"])
def test_the_mark_goes_to_the_new_model_and_back_with_a_rollback(
    forge: str, ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    if forge == "github":
        ctx = on_github(ctx, github)
    for skill in (60, 100):
        promote(ctx, tmp_path, skill)
        release_production(ctx)
    assert shown(ctx) == [("model-v2", "Model v2, in production", True), ("model-v1", "Model v1", False)]
    assert roll_back(ctx, version=None, reason="worse on new meters").unreleased is None
    assert shown(ctx) == [("model-v2", "Model v2", False), ("model-v1", "Model v1, in production", True)]


def test_a_rollback_whose_release_is_refused_is_done_and_says_so(
    ctx: Context, github: FakeGitHub, tmp_path: Path
) -> None:
    hosted = on_github(ctx, github)
    promote(hosted, tmp_path, 60, 100)
    github.fail_next(1, status=422, message="no", method="POST", path="/releases$")
    done = roll_back(hosted, version=None, reason="worse")
    assert done.merged is not None
    assert "wms model release" in (done.unreleased or "")
    assert roll_back(hosted, version=None, reason="worse").unreleased is None
    assert shown(hosted) == [("model-v1", "Model v1, in production", True)]


def test_a_rollback_releases_a_model_that_never_was(ctx: Context, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 60, 100)
    roll_back(ctx, version=1, reason="worse")
    assert shown(ctx) == [("model-v1", "Model v1, in production", True)]
    with pytest.raises(ForgeError):
        ctx.ports.forge.download_asset("model-v1", "report.html", tmp_path / "report.html")


def test_a_model_whose_files_are_gone_is_not_released(ctx: Context, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 100)
    shutil.rmtree(ctx.layout.state / "fake-store/blobs")
    with pytest.raises(DataStoreError):
        release_production(ctx)
    assert shown(ctx) == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_and_started_again_it_ends_the_same(
    after: bool, ctx: Context, tmp_path: Path
) -> None:
    promote(ctx, tmp_path, 60)
    release_production(ctx)
    promote(ctx, tmp_path, 100)
    for calls in range(1, 100):
        countdown = Countdown(calls, after=after)
        try:
            release_production(dying(ctx, countdown))
        except Killed:
            continue
        break
    assert calls > 5
    assert shown(ctx) == [("model-v2", "Model v2, in production", True), ("model-v1", "Model v1", False)]


def test_a_model_is_pulled_from_its_release_by_a_stranger(ctx: Context, tmp_path: Path) -> None:
    forge = ctx.ports.forge
    with pytest.raises(NoProductionModelError):
        pull_released(forge, None, tmp_path / "model")
    for skill in (60, 100):
        promote(ctx, tmp_path, skill)
        release_production(ctx)
    production = require_production(ctx.ports.repository, main_head(ctx.ports.repository))
    assert pull_released(forge, None, tmp_path / "model") == production
    assert pull_released(forge, 1, tmp_path / "first").version == 1
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == BUNDLE
    assert sha256_file(tmp_path / "model/model.onnx") == production.onnx_sha256
    with pytest.raises(ForgeError):
        pull_released(forge, 9, tmp_path / "ninth")


def test_a_release_whose_files_were_changed_is_not_taken(ctx: Context, tmp_path: Path) -> None:
    promote(ctx, tmp_path, 100)
    release_production(ctx)
    released = ctx.layout.state / "forge/releases/model-v1/files"
    (released / "model.onnx").unlink()
    (released / "model.onnx").write_bytes(b"another model")
    with pytest.raises(RecordError):
        pull_released(ctx.ports.forge, 1, tmp_path / "model")
    assert not (tmp_path / "model/model.onnx").exists()
    assert not (tmp_path / "model/model.json").exists()


@pytest.fixture
def here(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """The workspace with a released model, as the command line opens it."""
    promote(ctx, tmp_path, 100)
    release_production(ctx)
    monkeypatch.setattr(wms.wiring, "open_workspace", lambda start, progress: ctx)
    return ctx


def pull(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(root, ["model", "pull", *words])
    return result.exit_code, result.output


def test_the_command_takes_the_release_where_the_store_has_no_such_file(
    here: Context, tmp_path: Path
) -> None:
    out = ("--out", str(tmp_path / "model"))
    assert pull(*out)[0] == 0
    shutil.rmtree(tmp_path / "model")
    shutil.rmtree(here.layout.state / "fake-store")
    assert pull(*out, "--from", "store")[0] == Code.NOT_STORED.exit_code
    code, said = pull(*out)
    assert code == 0
    assert "taking it from its release" in said
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == BUNDLE


def test_a_release_that_is_not_what_main_names_is_not_taken(here: Context, tmp_path: Path) -> None:
    released = here.layout.state / "forge/releases/model-v1/files"
    card = (released / "model.json").read_bytes().replace(b'"threshold": 0.5', b'"threshold": 0.9')
    for name, data in (("model.json", card), ("SHA256SUMS", b"")):
        (released / name).unlink()
        (released / name).write_bytes(data)
    sums = "".join(f"{sha256_file(path)}  {path.name}\n" for path in released.glob("[mp]*"))
    (released / "SHA256SUMS").write_text(sums)
    assert pull("--from", "release", "--out", str(tmp_path / "model"))[0] == Code.NOT_RELEASED.exit_code
    assert not (tmp_path / "model/model.json").exists()


def test_a_repository_by_name_needs_no_clone(
    here: Context, github: FakeGitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release_production(on_github(here, github))
    monkeypatch.setenv("GITHUB_API_URL", github.api_url)
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    code, said = pull("--repo", REPOSITORY, "--out", "taken")
    assert (code, said.splitlines()[-1]) == (0, "model v1 is in taken")
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == BUNDLE
