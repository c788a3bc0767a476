"""Releases, their assets, and the host that takes uploads.

What it refuses follows docs.github.com, "REST API endpoints for releases" and "… for release assets". That a
token without the permission `workflows` may set no tag and change no release whose target differs from the
default branch in a workflow file stands there since 2023; cli/cli issue 9514 shows the answers.
"""

from __future__ import annotations

import re
from typing import Any

from fakes.github.hub import Hub
from fakes.github.records import Asset, Caller, Release, now
from fakes.github.wire import Answer, Refusal, Request, Routes, check_length, invalid, page

ROUTES = Routes()
READ, WRITE = ("contents", "read"), ("contents", "write")
UPLOADS = "/api/uploads"
STORAGE = "/api/storage"
MAX_TEXT = 125_000


@ROUTES.add("GET", "{repo}/releases", needs=READ)
def list_releases(hub: Hub, request: Request) -> Answer:
    newest_first = sorted(hub.releases.values(), key=lambda each: each.id, reverse=True)
    seen = [each for each in newest_first if not each.draft or request.caller.may(*WRITE)]
    return page(request, [_shown(hub, request, each) for each in seen])


@ROUTES.add("GET", "{repo}/releases/latest", needs=READ)
def latest_release(hub: Hub, request: Request) -> Answer:
    if hub.latest_release is None:
        raise Refusal(404, "Not Found")
    return Answer(body=_shown(hub, request, hub.releases[hub.latest_release]))


@ROUTES.add("GET", "{repo}/releases/tags/{tag*}", needs=READ)
def release_of_tag(hub: Hub, request: Request, tag: str) -> Answer:
    found = _published(hub, tag)
    if found is None:
        raise Refusal(404, "Not Found")
    return Answer(body=_shown(hub, request, found))


@ROUTES.add("POST", "{repo}/releases", needs=WRITE)
def create_release(hub: Hub, request: Request) -> Answer:
    body = request.body
    release = Release(
        id=hub.next_id(),
        tag=str(body["tag_name"]),
        target=str(body.get("target_commitish") or hub.settings.default_branch),
        name=str(body.get("name") or ""),
        body=str(body.get("body") or ""),
        author=request.caller.login,
    )
    check_length("Release", "body", release.body, MAX_TEXT)
    if hub.git.commit(release.target) is None:
        raise invalid("Release", "target_commitish", code="invalid")
    if _published(hub, release.tag) is not None:
        raise invalid("Release", "tag_name", code="already_exists")
    _require_workflows(hub, request.caller, release.target, status=403)
    hub.releases[release.id] = release
    if not body.get("draft"):
        _publish(hub, release, str(body.get("make_latest", "true")))
    return Answer(status=201, body=_shown(hub, request, release))


@ROUTES.add("PATCH", "{repo}/releases/{number}", needs=WRITE)
def change_release(hub: Hub, request: Request, number: str) -> Answer:
    release, body = _release(hub, number), request.body
    target = str(body.get("target_commitish") or release.target)
    if hub.git.commit(target) is None:
        raise invalid("Release", "target_commitish", code="invalid")
    _require_workflows(hub, request.caller, target, status=404)
    tag = str(body.get("tag_name") or release.tag)
    taken = _published(hub, tag)
    if taken is not None and taken is not release:
        raise invalid("Release", "tag_name", code="already_exists")
    release.tag, release.target = tag, target
    release.name, release.body = str(body.get("name", release.name)), str(body.get("body", release.body))
    if release.draft and body.get("draft") is False:
        _publish(hub, release, str(body.get("make_latest", "true")))
    elif not release.draft and body.get("make_latest") == "true":
        hub.latest_release = release.id
    return Answer(body=_shown(hub, request, release))


@ROUTES.add("DELETE", "{repo}/releases/{number}", needs=WRITE)
def delete_release(hub: Hub, request: Request, number: str) -> Answer:
    del hub.releases[_release(hub, number).id]
    return Answer(status=204)


@ROUTES.add("POST", UPLOADS + "{repo}/releases/{number}/assets", needs=WRITE)
def upload_asset(hub: Hub, request: Request, number: str) -> Answer:
    release = _release(hub, number)
    if not request.data:
        raise Refusal(400, "Bad Content-Length: ")
    if not request.query.get("name"):
        raise invalid("ReleaseAsset", "name", code="missing_field")
    name = re.sub(r"[^A-Za-z0-9._+-]", ".", request.query["name"])
    if name in (asset.name for asset in release.assets):
        raise invalid("ReleaseAsset", "name", code="already_exists")
    asset = Asset(id=hub.next_id(), name=name, data=request.data)
    release.assets.append(asset)
    return Answer(status=201, body=_asset_json(hub, request, asset))


@ROUTES.add("GET", "{repo}/releases/{number}/assets", needs=READ)
def list_assets(hub: Hub, request: Request, number: str) -> Answer:
    return page(request, [_asset_json(hub, request, each) for each in _release(hub, number).assets])


@ROUTES.add("GET", "{repo}/releases/assets/{number}", needs=READ)
def get_asset(hub: Hub, request: Request, number: str) -> Answer:
    _, asset = _asset(hub, number)
    if request.accept != "application/octet-stream":
        return Answer(body=_asset_json(hub, request, asset))
    where = f"{request.root.removesuffix('/api/v3')}{STORAGE}/{asset.id}"
    return Answer(status=302, headers={"Location": where})


@ROUTES.add("GET", STORAGE + "/{number}")
def stored_asset(hub: Hub, request: Request, number: str) -> Answer:
    return Answer(body=_asset(hub, number)[1].data)


@ROUTES.add("DELETE", "{repo}/releases/assets/{number}", needs=WRITE)
def delete_asset(hub: Hub, request: Request, number: str) -> Answer:
    release, asset = _asset(hub, number)
    release.assets.remove(asset)
    return Answer(status=204)


@ROUTES.add("GET", "{repo}/git/ref/tags/{tag*}", needs=READ)
def get_tag(hub: Hub, request: Request, tag: str) -> Answer:
    sha = hub.git.tag(tag)
    if sha is None:
        raise Refusal(404, "Not Found")
    return Answer(body={"ref": f"refs/tags/{tag}", "object": {"type": "commit", "sha": sha}})


def _publish(hub: Hub, release: Release, make_latest: str) -> None:
    if hub.git.tag(release.tag) is None:
        sha = hub.git.commit(release.target)
        assert sha is not None
        hub.git.set_tag(release.tag, sha)
    release.draft, release.published_at = False, now()
    if make_latest == "true":
        hub.latest_release = release.id


def _require_workflows(hub: Hub, caller: Caller, target: str, *, status: int) -> None:
    main = hub.settings.default_branch
    if caller.kind != "actions" or hub.git.same_files(target, main, ".github/workflows"):
        return
    if status == 404:
        raise Refusal(404, "Not Found")
    raise Refusal(
        403,
        "Resource not accessible by integration",
        headers={"X-Accepted-GitHub-Permissions": "contents=write; contents=write,workflows=write"},
    )


def _published(hub: Hub, tag: str) -> Release | None:
    return next((each for each in hub.releases.values() if each.tag == tag and not each.draft), None)


def _release(hub: Hub, number: str) -> Release:
    if int(number) not in hub.releases:
        raise Refusal(404, "Not Found")
    return hub.releases[int(number)]


def _asset(hub: Hub, number: str) -> tuple[Release, Asset]:
    for release in hub.releases.values():
        for asset in release.assets:
            if asset.id == int(number):
                return release, asset
    raise Refusal(404, "Not Found")


def _shown(hub: Hub, request: Request, release: Release) -> dict[str, Any]:
    url = f"{request.root}/repos/{hub.repository}/releases/{release.id}"
    # GitHub has a host of its own for uploads; gh, on the socket, is asked to the same.
    uploads = (
        url.replace("/api/v3", UPLOADS)
        if "/api/v3" in url
        else url.replace("/repos/", f"{UPLOADS}/repos/", 1)
    )
    return {
        "id": release.id,
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{uploads}/assets{{?name,label}}",
        "html_url": f"https://github.example/{hub.repository}/releases/tag/{release.tag}",
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.name,
        "body": release.body,
        "draft": release.draft,
        "prerelease": False,
        "author": {"login": release.author},
        "created_at": release.created_at,
        "published_at": release.published_at,
        "assets": [_asset_json(hub, request, each) for each in release.assets],
    }


def _asset_json(hub: Hub, request: Request, asset: Asset) -> dict[str, Any]:
    root = request.root.removesuffix("/api/v3")
    return {
        "id": asset.id,
        "url": f"{root}/api/v3/repos/{hub.repository}/releases/assets/{asset.id}",
        "name": asset.name,
        "state": asset.state,
        "size": len(asset.data),
        "content_type": "application/octet-stream",
        "created_at": asset.created_at,
    }
