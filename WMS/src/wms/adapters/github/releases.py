"""Releases on GitHub: created as a draft, filled, then published, so that nobody sees an incomplete one.

A draft has no tag yet, and only those who may write see it; publishing it creates the tag (docs.github.com,
"REST API endpoints for releases"). After that only its title and the mark change, so it works in a repository
with immutable releases too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from http import HTTPStatus
from pathlib import Path

from github import Github, GithubException, UnknownObjectException
from github.GitRelease import GitRelease
from github.Repository import Repository as GitHubRepository

from wms.adapters.github.errors import speaking_to_github, words_of
from wms.core.errors import Code, ForgeError
from wms.core.files import replacing
from wms.core.ports import Release, Releases

BODY_MAX, TITLE_MAX = 125_000, 256
"""Characters of a release's text and title; GitHub's own limits."""

CUT = "\n\n(The text was longer than GitHub takes, and is cut here.)"

CHUNK_BYTES = 1 << 20


class GitHubReleases(Releases):
    """`Releases` of a repository on GitHub.

    Args:
        github: the client.
        name: `owner/name`.
    """

    def __init__(self, github: Github, name: str) -> None:
        self._github, self._name = github, name

    @cached_property
    def _repository(self) -> GitHubRepository:
        return self._asked_for()

    def _asked_for(self) -> GitHubRepository:
        """The repository, read now. A 200 with another content is not from GitHub."""
        found = self._github.get_repo(self._name)
        found.update()
        name = found.raw_data.get("full_name")
        if name is None:
            raise ForgeError(
                f"the answer at {self._github.requester.base_url} is not from the GitHub API",
                remedy="Check GITHUB_API_URL, and whether a proxy answers instead.",
            )
        if name.lower() != self._name.lower():
            raise ForgeError(
                f"{self._name} was renamed to {name}", remedy=f"Set GITHUB_REPOSITORY to {name}."
            )
        return found

    def releases(self) -> tuple[Release, ...]:
        with speaking_to_github("listing releases", self._name):
            latest = _latest_tag(self._repository)
            return tuple(_shown(each, latest) for each in self._repository.get_releases() if not each.draft)

    def publish_release(self, *, tag: str, sha: str, title: str, body: str, files: Sequence[Path]) -> Release:
        with speaking_to_github(f"publishing the release {tag}", self._name):
            title, body = cut(title, TITLE_MAX, "…"), cut(body, BODY_MAX)
            return _publish(self._repository, tag=tag, sha=sha, title=title, body=body, files=files)

    def mark_release(self, tag: str, *, title: str, latest: bool) -> None:
        with speaking_to_github(f"marking the release {tag}", self._name):
            release = _published(self._repository, tag)
            # The tag is there, so the target has no effect. But for a target whose workflow files differ from
            # the default branch's, GitHub would refuse a workflow's token.
            release.update_release(
                cut(title, TITLE_MAX, "…"),
                release.body or "",
                target_commitish=self._repository.default_branch,
                make_latest="true" if latest else "false",
            )

    def download_asset(self, tag: str, name: str, to: Path) -> None:
        with speaking_to_github(f"fetching {name} of the release {tag}", self._name):
            for asset in _published(self._repository, tag).get_assets():
                if asset.name == name and asset.state == "uploaded":
                    with replacing(to) as temporary:
                        asset.download_asset(str(temporary), chunk_size=CHUNK_BYTES)
                    return
            raise ForgeError(f"the release {tag} of {self._name} has no file {name}", Code.NOT_RELEASED)


def cut(text: str, limit: int, note: str = CUT) -> str:
    """`text`, or its beginning and a note where it has more than `limit` characters."""
    return text if len(text) <= limit else text[: limit - len(note)] + note


def _publish(
    repository: GitHubRepository, *, tag: str, sha: str, title: str, body: str, files: Sequence[Path]
) -> Release:
    for release in list(repository.get_releases()):
        if release.tag_name == tag and not release.draft:
            return _shown(release, _latest_tag(repository))
    tagged = _tagged(repository, tag)
    if tagged not in (None, sha):
        raise ForgeError(f"the tag {tag} is on another commit than {sha[:12]}", Code.TAG_TAKEN)
    _remove_drafts(repository, tag)
    # With the tag there, the target has no effect, but GitHub would still check its workflow files.
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
        raise ForgeError(
            f"the release {tag} could not be created: {words_of(error)}",
            Code.PERMISSION,
            remedy="Give the token `contents: write`. If workflow files on main changed since that commit, "
            "GitHub lets no workflow tag it: push the tag yourself, "
            f"`git push origin {sha}:refs/tags/{tag}`, and run the command again.",
        ) from error
    _remove_drafts(repository, tag)
    return _shown(made, tag)


def _remove_drafts(repository: GitHubRepository, tag: str) -> None:
    """Remove drafts of a killed call, or of one that was sent again because its answer was lost."""
    for release in list(repository.get_releases()):
        if release.draft and release.tag_name == tag:
            release.delete_release()


def _upload(draft: GitRelease, path: Path) -> None:
    """Upload a file, and remove the rest of an earlier upload that was cut off.

    Raises:
        ForgeError: it did not arrive completely.
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
        raise ForgeError(f"{repository.full_name} has no release {tag}", Code.NOT_RELEASED) from error


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
