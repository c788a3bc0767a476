"""Pull requests: open, read, list, change, comment, review, merge."""

from __future__ import annotations

from typing import Any

from fakes.github.actions import runs_that_wait_for_approval
from fakes.github.hub import Hub
from fakes.github.merging import merge_pull, mergeability
from fakes.github.records import Comment, Pull, now
from fakes.github.wire import MAX_BODY, Answer, Refusal, Request, Routes, check_length, invalid, page

ROUTES = Routes()
MAX_TITLE = 256
WRITES: Any = {"needs": ("issues", "write"), "otherwise": ("pull_requests", "write")}
READS: Any = {"needs": ("issues", "read"), "otherwise": ("pull_requests", "read")}


@ROUTES.add("POST", "{repo}/pulls", needs=("pull_requests", "write"))
def open_pull(hub: Hub, request: Request) -> Answer:
    if request.caller.kind == "actions" and not hub.settings.actions_may_open_pull_requests:
        raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    head = str(request.body["head"]).removeprefix(f"{hub.repository.split('/')[0]}:")
    base, title, body = (
        str(request.body["base"]),
        str(request.body.get("title", "")),
        request.body.get("body"),
    )
    check_length("PullRequest", "title", title, MAX_TITLE)
    check_length("Issue", "body", body or "", MAX_BODY)
    head_sha, base_sha = hub.git.tip(head), hub.git.tip(base)
    if head_sha is None:
        raise invalid("PullRequest", "head", code="invalid")
    if base_sha is None:
        raise invalid("PullRequest", "base", code="invalid")
    for pull in hub.pulls.values():
        wanted = (hub.repository, head, base)
        if pull.state == "open" and (pull.head_repository, pull.head, pull.base) == wanted:
            owner = hub.repository.split("/")[0]
            raise invalid("PullRequest", "", f"A pull request already exists for {owner}:{head}.")
    if hub.git.contains(base_sha, head_sha):
        raise invalid("PullRequest", "", f"No commits between {base} and {head}")
    number = max((*hub.pulls, *hub.issues), default=0) + 1
    pull = Pull(
        number=number,
        head=head,
        head_sha=head_sha,
        head_repository=hub.repository,
        base=base,
        title=title,
        body=body or "",
        author=request.caller,
    )
    hub.pulls[number] = pull
    if request.caller.kind == "actions":
        hub.runs += runs_that_wait_for_approval(hub, pull)
    return Answer(status=201, body=shown(hub, request, pull))


@ROUTES.add("GET", "{repo}/pulls", needs=("pull_requests", "read"))
def list_pulls(hub: Hub, request: Request) -> Answer:
    state, head, base = (request.query.get(key, "") for key in ("state", "head", "base"))
    found = [
        pull
        for pull in hub.pulls.values()
        if (state == "all" or (pull.state == "open") == (state in ("", "open")))
        and head in ("", f"{pull.head_repository.split('/')[0]}:{pull.head}")
        and base in ("", pull.base)
    ]
    found.sort(key=lambda pull: pull.number, reverse=request.query.get("direction", "desc") == "desc")
    return page(request, [in_list(hub, request, pull) for pull in found])


@ROUTES.add("GET", "{repo}/pulls/{number}", needs=("pull_requests", "read"), otherwise=("contents", "read"))
def get_pull(hub: Hub, request: Request, number: str) -> Answer:
    pull = find_pull(hub, number)
    hub.sync(reading=pull.number)
    return Answer(body=shown(hub, request, pull, reading=True))


@ROUTES.add("PATCH", "{repo}/pulls/{number}", needs=("pull_requests", "write"))
def change_pull(hub: Hub, request: Request, number: str) -> Answer:
    pull, body = find_pull(hub, number), request.body
    check_length("Issue", "body", str(body.get("body") or ""), MAX_BODY)
    pull.title, pull.body = str(body.get("title", pull.title)), str(body.get("body", pull.body))
    wanted = body.get("state", "")
    if wanted == "closed" and pull.state == "open":
        pull.state, pull.closed_at = "closed", now()
    elif wanted == "open" and pull.state == "merged":
        raise invalid("PullRequest", "state", "state cannot be changed. The pull request is merged.")
    elif wanted == "open" and pull.state == "closed":
        pull.state, pull.closed_at = "open", None
    return Answer(body=shown(hub, request, pull))


@ROUTES.add("PUT", "{repo}/pulls/{number}/merge", needs=("contents", "write"))
def merge(hub: Hub, request: Request, number: str) -> Answer:
    sha = merge_pull(hub, find_pull(hub, number), request)
    return Answer(body={"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@ROUTES.add("POST", "{repo}/issues/{number}/comments", **WRITES)
def add_comment(hub: Hub, request: Request, number: str) -> Answer:
    pull, body = find_pull(hub, number), str(request.body["body"])
    check_length("IssueComment", "body", body, MAX_BODY)
    comment = Comment(id=hub.next_id(), author=request.caller.login, body=body)
    pull.comments.append(comment)
    return Answer(status=201, body=comment_json(request, comment))


@ROUTES.add("POST", "{repo}/issues/{number}/labels", **WRITES)
def add_labels(hub: Hub, request: Request, number: str) -> Answer:
    pull = find_pull(hub, number)
    # GitHub takes a bare list as well, which is what PyGithub sends.
    for name in request.body["labels"] if isinstance(request.body, dict) else request.body:
        # GitHub makes a label that the repository does not have.
        hub.labels.setdefault(name, {"name": name, "color": "ededed", "description": ""})
        if name not in pull.labels:
            pull.labels.append(name)
    return Answer(body=[{"name": name} for name in pull.labels])


def find_pull(hub: Hub, number: str) -> Pull:
    """A pull request, or 404."""
    pull = hub.pulls.get(int(number)) if number.isdigit() else None
    if pull is None:
        raise Refusal(404, "Not Found")
    return pull


def comment_json(request: Request, comment: Comment) -> dict[str, Any]:
    """A comment as the API shows it."""
    return {
        "id": comment.id,
        "body": comment.body,
        "user": {"login": comment.author},
        "commit_id": comment.sha,
        "created_at": comment.created_at,
        "html_url": f"{request.root}/comments/{comment.id}",
    }


def in_list(hub: Hub, request: Request, pull: Pull) -> dict[str, Any]:
    """A pull request as a list shows it: without its mergeability."""
    owner = pull.head_repository.split("/")[0]
    here = f"{request.root}/repos/{hub.repository}"
    return {
        "id": pull.number,
        "node_id": f"PR_{pull.number}",
        "number": pull.number,
        "url": f"{here}/pulls/{pull.number}",
        "issue_url": f"{here}/issues/{pull.number}",
        "html_url": f"https://github.example/{hub.repository}/pull/{pull.number}",
        "state": "open" if pull.state == "open" else "closed",
        "title": pull.title,
        "body": pull.body,
        "user": {"login": pull.author.login},
        "labels": [{"name": name} for name in pull.labels],
        "head": {
            "ref": pull.head,
            "sha": pull.head_sha,
            "label": f"{owner}:{pull.head}",
            "repo": {"full_name": pull.head_repository},
        },
        "base": {
            "ref": pull.base,
            "sha": hub.git.tip(pull.base) or "",
            "repo": {"full_name": hub.repository},
        },
        "merge_commit_sha": pull.merge_commit_sha,
        "created_at": pull.created_at,
        "closed_at": pull.closed_at,
        "merged_at": pull.closed_at if pull.state == "merged" else None,
    }


def shown(hub: Hub, request: Request, pull: Pull, *, reading: bool = False) -> dict[str, Any]:
    """A pull request by itself; only reading it makes GitHub work out whether it can be merged."""
    mergeable, state = mergeability(hub, pull, reading=reading)
    return {
        **in_list(hub, request, pull),
        "merged": pull.state == "merged",
        "mergeable": mergeable,
        "mergeable_state": state,
        "comments": len(pull.comments),
    }
