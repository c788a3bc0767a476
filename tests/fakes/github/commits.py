"""Commits, branches, statuses, check runs and comments on commits."""

from __future__ import annotations

from typing import Any

from fakes.github.hub import Hub
from fakes.github.pulls import comment_json
from fakes.github.records import Comment, Status
from fakes.github.wire import MAX_BODY, Answer, Refusal, Request, Routes, check_length, invalid, page

ROUTES = Routes()
MAX_DESCRIPTION = 140


@ROUTES.add("POST", "{repo}/statuses/{sha}", needs=("statuses", "write"))
def post_status(hub: Hub, request: Request, sha: str) -> Answer:
    body, found = request.body, _commit(hub, sha)
    if body.get("state") not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "state", code="invalid")
    description = body.get("description") or ""
    check_length("Status", "description", description, MAX_DESCRIPTION)
    status = Status(
        id=hub.next_id(),
        sha=found,
        context=body.get("context") or "default",
        state=body["state"],
        description=description,
        target_url=body.get("target_url"),
        creator=request.caller.login,
        app=request.caller.app,
    )
    hub.statuses.append(status)
    return Answer(status=201, body=status_json(status))


@ROUTES.add("GET", "{repo}/statuses/{ref}", needs=("statuses", "read"))
def list_statuses(hub: Hub, request: Request, ref: str) -> Answer:
    sha = _commit(hub, ref)
    newest_first = [status_json(status) for status in reversed(hub.statuses) if status.sha == sha]
    return page(request, newest_first)


@ROUTES.add("GET", "{repo}/commits/{ref}/check-runs", needs=("checks", "read"))
def list_check_runs(hub: Hub, request: Request, ref: str) -> Answer:
    sha, name = _commit(hub, ref), request.query.get("check_name")
    found = [run for run in hub.check_runs if run["head_sha"] == sha and name in (None, run["name"])]
    return page(request, found, inside="check_runs")


@ROUTES.add("POST", "{repo}/commits/{sha}/comments", needs=("contents", "read"))
def add_comment(hub: Hub, request: Request, sha: str) -> Answer:
    body, found = str(request.body["body"]), _commit(hub, sha)
    check_length("CommitComment", "body", body, MAX_BODY)
    comment = Comment(id=hub.next_id(), author=request.caller.login, body=body, sha=found)
    hub.comments.append(comment)
    return Answer(status=201, body=comment_json(request, comment))


@ROUTES.add("GET", "{repo}/git/matching-refs/{prefix*}", needs=("contents", "read"))
def matching_refs(hub: Hub, request: Request, prefix: str) -> Answer:
    _, listed = hub.git.run("for-each-ref", "--format=%(refname) %(objectname)")
    refs = [line.split() for line in listed.splitlines() if line.startswith(f"refs/{prefix}")]
    return page(request, [{"ref": name, "object": {"type": "commit", "sha": sha}} for name, sha in refs])


@ROUTES.add("GET", "{repo}/git/trees/{ref}", needs=("contents", "read"))
def get_tree(hub: Hub, request: Request, ref: str) -> Answer:
    if request.query.get("recursive") is None:
        raise Refusal(501, "the stand-in lists trees recursively only")
    code, listed = hub.git.run("ls-tree", "-r", "-l", ref, ok=(0, 128))
    if code != 0:
        raise Refusal(404, "Not Found")
    tree = [
        {"path": path, "type": kind, "sha": sha, "size": int(size)}
        for _, kind, sha, size, path in (line.split(None, 4) for line in listed.splitlines())
    ]
    return Answer(body={"sha": ref, "tree": tree, "truncated": False})


@ROUTES.add("GET", "{repo}/git/ref/heads/{branch*}", needs=("contents", "read"))
def get_ref(hub: Hub, request: Request, branch: str) -> Answer:
    return Answer(body=_ref_json(hub, request, branch))


def status_json(status: Status) -> dict[str, Any]:
    """A status as the API shows it."""
    return {
        "id": status.id,
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": status.target_url,
        "creator": {"login": status.creator},
        "created_at": status.created_at,
        "updated_at": status.created_at,
    }


def _commit(hub: Hub, ref: str) -> str:
    sha = hub.git.commit(ref)
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {ref}")
    return sha


def _ref_json(hub: Hub, request: Request, branch: str) -> dict[str, Any]:
    sha = hub.git.tip(branch)
    if sha is None:
        raise Refusal(404, "Not Found")
    return {
        "ref": f"refs/heads/{branch}",
        "url": f"{request.root}/repos/{hub.repository}/git/refs/heads/{branch}",
        "object": {"type": "commit", "sha": sha},
    }
