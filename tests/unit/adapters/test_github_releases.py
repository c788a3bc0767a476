"""Releases as GitHub does them: drafts, uploads that break off, tokens that may not tag, strangers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.github import FakeGitHub
from fakes.github.records import Asset, Release
from forges import QUICK, REPOSITORY, Author, forge_on
from wms.adapters.github.forge import GitHubForge
from wms.core.errors import ForgeError

WORKFLOW = ".github/workflows/x.yaml"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in ("model.onnx", "SHA256SUMS"):
        (tmp_path / name).write_bytes(name.encode())
    return [tmp_path / "model.onnx", tmp_path / "SHA256SUMS"]


Publish = Callable[[], object]


@pytest.fixture
def publish(forge: GitHubForge, main: str, files: list[Path]) -> Publish:
    return lambda: forge.publish_release(tag="model-v1", sha=main, title="v1", body="text", files=files)


on_each_write = pytest.mark.parametrize(
    ("method", "path"), [("POST", "/releases$"), ("POST", "/assets$"), ("PATCH", "/releases/")]
)


def drafts(github: FakeGitHub) -> list[Release]:
    return [each for each in github.releases.values() if each.draft]


def uploaded(github: FakeGitHub) -> list[tuple[str, bytes]]:
    (release,) = github.releases.values()
    return [(asset.name, asset.data) for asset in release.assets]


@on_each_write
def test_a_release_that_fails_on_the_way_is_not_seen_and_repeated_it_is_whole(
    method: str, path: str, github: FakeGitHub, forge: GitHubForge, publish: Publish
) -> None:
    github.fail_next(1, status=422, message="no", headers={}, method=method, path=path)
    with pytest.raises(ForgeError):
        publish()
    assert forge.releases() == ()
    assert github.git.tag("model-v1") is None
    publish()
    assert uploaded(github) == [("model.onnx", b"model.onnx"), ("SHA256SUMS", b"SHA256SUMS")]
    assert not drafts(github)


@on_each_write
def test_a_lost_answer_makes_nothing_twice(
    method: str, path: str, github: FakeGitHub, publish: Publish
) -> None:
    github.fail_next(1, status=502, message="lost", headers={}, method=method, path=path, after=True)
    publish()
    assert uploaded(github) == [("model.onnx", b"model.onnx"), ("SHA256SUMS", b"SHA256SUMS")]
    assert not drafts(github)


def test_an_upload_that_did_not_arrive_whole_is_not_published(
    github: FakeGitHub, forge: GitHubForge, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Asset.__init__

    def cut_off(self: Asset, *, data: bytes, **values: object) -> None:
        made(self, data=data[:3], **values)  # type: ignore[arg-type]

    monkeypatch.setattr(Asset, "__init__", cut_off)
    with pytest.raises(ForgeError, match=r"model\.onnx did not arrive whole"):
        publish()
    assert forge.releases() == ()


def test_an_asset_that_never_arrived_is_no_file_of_the_release(
    github: FakeGitHub, forge: GitHubForge, publish: Publish, tmp_path: Path
) -> None:
    publish()
    (release,) = github.releases.values()
    release.assets[0].state = "starter"
    with pytest.raises(ForgeError):
        forge.download_asset("model-v1", "model.onnx", tmp_path / "got")


def test_a_token_that_may_not_write_is_told_what_it_lacks(
    github: FakeGitHub, main: str, files: list[Path]
) -> None:
    reader = forge_on(github, token=github.new_actions_token(contents="read"))
    with pytest.raises(ForgeError) as caught:
        reader.publish_release(tag="model-v1", sha=main, title="", body="", files=files)
    assert "contents: write" in caught.value.remedy


def test_a_commit_whose_workflow_files_differ_from_mains_is_tagged_by_a_person_first(
    github: FakeGitHub, author: Author, main: str, publish: Publish
) -> None:
    author.push("main", WORKFLOW, b"on: push\n")
    with pytest.raises(ForgeError) as caught:
        publish()
    assert f"git push origin {main}:refs/tags/model-v1" in caught.value.remedy
    github.git.set_tag("model-v1", main)
    publish()
    assert not drafts(github)


def test_the_mark_moves_although_workflow_files_changed_since_the_release(
    github: FakeGitHub, forge: GitHubForge, author: Author, publish: Publish
) -> None:
    publish()
    author.push("main", WORKFLOW, b"on: push\n")
    forge.mark_release("model-v1", title="in production", latest=True)
    assert forge.releases()[0].title == "in production"
    (release,) = github.releases.values()
    assert release.body == "text"


def stranger(github: FakeGitHub) -> GitHubForge:
    return GitHubForge(api_url=github.api_url, repository=REPOSITORY, token=None, patience=QUICK)


def test_without_a_token_the_releases_of_a_public_repository_can_be_fetched_and_nothing_changed(
    github: FakeGitHub, publish: Publish, tmp_path: Path
) -> None:
    publish()
    stranger(github).download_asset("model-v1", "model.onnx", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == b"model.onnx"
    with pytest.raises(ForgeError):
        stranger(github).mark_release("model-v1", title="mine", latest=True)


def test_without_a_token_a_private_repository_is_not_there(github: FakeGitHub, publish: Publish) -> None:
    publish()
    github.settings.private = True
    with pytest.raises(ForgeError, match="no such thing, or the token may not see it"):
        stranger(github).releases()
