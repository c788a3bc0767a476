"""Releases on GitHub: made as a draft, filled, then published, so that nobody ever sees half of one.

A draft is seen by those who may write and has no tag yet; publishing it makes the tag (docs.github.com, "REST
API endpoints for releases"). What was published is not changed any more but for its title and the mark, so a
repository with immutable releases takes it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from github import GithubException, UnknownObjectException
from github.GitRelease import GitRelease
from github.Repository import Repository as GitHubRepository

from wms.adapters.github.errors import words_of
from wms.core.errors import ForgeError, ForgePermissionError, NotReleasedError, TagTakenError
from wms.core.files import replacing
from wms.core.ports import Release

BODY_MAX = 125_000
"""Characters of a release's text; GitHub's own limit."""

CHUNK_BYTES = 1 << 20


def list_releases(repository: GitHubRepository) -> tuple[Release, ...]:
    """Every published release, newest first."""
    latest = _latest_tag(repository)
    return tuple(_shown(each, latest) for each in repository.get_releases() if not each.draft)


def publish(
    repository: GitHubRepository, *, tag: str, sha: str, title: str, body: str, files: Sequence[Path]
) -> Release:
    """Publish files under a tag on a commit; a release that the tag has already is returned as it is.

    Raises:
        TagTakenError: the tag is there already, on another commit.
        ForgeError: an upload did not arrive whole.
        ForgePermissionError: the token may not set this tag.
    """
    for release in list(repository.get_releases()):
        if release.tag_name == tag and not release.draft:
            return _shown(release, _latest_tag(repository))
    tagged = _tagged(repository, tag)
    if tagged not in (None, sha):
        raise TagTakenError(f"the tag {tag} is on another commit than {sha[:12]}")
    _remove_drafts(repository, tag)
    # The target is of no use once the tag is there, and GitHub would still ask for its workflow files.
    target = sha if tagged is None else repository.default_branch
    try:
        made = repository.create_git_release(
            tag, title, body, draft=True, target_commitish=target, make_latest="false"
        )
        for path in files:
            _upload(made, path)
        made = made.update_release(title, body, draft=False, make_latest="true")
    except GithubException as error:
        if error.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND) or tagged is not None:
            raise
        raise ForgePermissionError(
            f"the release {tag} could not be made: {words_of(error)}",
            remedy="Give the token `contents: write`. If workflow files on main changed since that commit, "
            "GitHub lets no workflow tag it: push the tag yourself, "
            f"`git push origin {sha}:refs/tags/{tag}`, and run the command again.",
        ) from error
    _remove_drafts(repository, tag)
    return _shown(made, tag)


def mark(repository: GitHubRepository, tag: str, *, title: str, latest: bool) -> None:
    """Give a published release another title, and the mark of the latest if it is to have it.

    The default branch is named as its target, which says nothing once the tag is there: for a target whose
    workflow files differ from it GitHub would refuse a workflow's token.

    Raises:
        NotReleasedError: there is no such release.
    """
    release = _published(repository, tag)
    release.update_release(
        title,
        release.body or "",
        target_commitish=repository.default_branch,
        make_latest="true" if latest else "false",
    )


def download(repository: GitHubRepository, tag: str, name: str, to: Path) -> None:
    """Write a file of a published release to the path `to`, whole or not at all.

    Raises:
        NotReleasedError: there is no such release, or it has no such file.
    """
    for asset in _published(repository, tag).get_assets():
        if asset.name == name and asset.state == "uploaded":
            with replacing(to) as temporary:
                asset.download_asset(str(temporary), chunk_size=CHUNK_BYTES)
            return
    raise NotReleasedError(f"the release {tag} of {repository.full_name} has no file {name}")


def _remove_drafts(repository: GitHubRepository, tag: str) -> None:
    """Remove what a killed call left behind, or one whose answer was lost and that was sent again."""
    for release in list(repository.get_releases()):
        if release.draft and release.tag_name == tag:
            release.delete_release()


def _upload(draft: GitRelease, path: Path) -> None:
    """Upload a file; what an upload that was cut off left under its name is removed.

    Raises:
        ForgeError: it did not arrive whole.
    """
    try:
        asset = draft.upload_asset(str(path), name=path.name)
    except GithubException as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY or "already exists" not in words_of(error):
            raise
        for left in draft.get_assets():
            if left.name == path.name:
                left.delete_asset()
        asset = draft.upload_asset(str(path), name=path.name)
    if asset.state != "uploaded" or asset.size != path.stat().st_size:
        raise ForgeError(f"{path.name} did not arrive whole in the release {draft.tag_name}")


def _published(repository: GitHubRepository, tag: str) -> GitRelease:
    try:
        return repository.get_release(tag)
    except UnknownObjectException as error:
        raise NotReleasedError(f"{repository.full_name} has no release {tag}") from error


def _latest_tag(repository: GitHubRepository) -> str | None:
    try:
        return str(repository.get_latest_release().tag_name)
    except UnknownObjectException:
        return None


def _tagged(repository: GitHubRepository, tag: str) -> str | None:
    try:
        return str(repository.get_git_ref(f"tags/{tag}").object.sha)
    except UnknownObjectException:
        return None


def _shown(release: GitRelease, latest: str | None) -> Release:
    return Release(
        tag=release.tag_name,
        title=release.name or release.tag_name,
        url=release.html_url,
        latest=release.tag_name == latest,
    )
