"""Issues: people are told something that belongs to no commit."""

from __future__ import annotations

from typing import Any

from fakes.github.hub import Hub
from fakes.github.records import Issue
from fakes.github.wire import MAX_BODY, Answer, Refusal, Request, Routes, check_length, page

ROUTES = Routes()
READS: Any = {"needs": ("issues", "read")}
WRITES: Any = {"needs": ("issues", "write")}


@ROUTES.add("GET", "{repo}/issues", **READS)
def list_issues(hub: Hub, request: Request) -> Answer:
    """Open ones; pull requests are among them, as on GitHub."""
    labels = set(filter(None, request.query.get("labels", "").split(",")))
    found = [shown(hub, request, each) for each in hub.issues.values() if labels <= set(each.labels)]
    pulls = [
        {
            **shown(
                hub, request, Issue(number=each.number, title=each.title, body=each.body, labels=each.labels)
            )
        }
        | {"pull_request": {"url": f"{request.root}/repos/{hub.repository}/pulls/{each.number}"}}
        for each in hub.pulls.values()
        if each.state == "open" and labels <= set(each.labels)
    ]
    return page(request, [*pulls, *found])


@ROUTES.add("POST", "{repo}/issues", **WRITES)
def open_issue(hub: Hub, request: Request) -> Answer:
    if not hub.settings.has_issues:
        raise Refusal(410, "Issues has been disabled in this repository.")
    body = str(request.body.get("body") or "")
    check_length("Issue", "body", body, MAX_BODY)
    labels = [str(label) for label in request.body.get("labels", ())]
    for name in labels:
        hub.labels.setdefault(name, {"name": name, "color": "ededed", "description": ""})
    number = max((*hub.pulls, *hub.issues), default=0) + 1
    issue = Issue(number=number, title=str(request.body["title"]), body=body, labels=labels)
    hub.issues[number] = issue
    return Answer(status=201, body=shown(hub, request, issue))


@ROUTES.add("GET", "{repo}/issues/{number}", **READS)
def get_issue(hub: Hub, request: Request, number: str) -> Answer:
    return Answer(body=shown(hub, request, find_issue(hub, number)))


@ROUTES.add("PATCH", "{repo}/issues/{number}", **WRITES)
def change_issue(hub: Hub, request: Request, number: str) -> Answer:
    issue = find_issue(hub, number)
    check_length("Issue", "body", str(request.body.get("body") or ""), MAX_BODY)
    issue.title, issue.body = (str(request.body.get(key, getattr(issue, key))) for key in ("title", "body"))
    return Answer(body=shown(hub, request, issue))


def find_issue(hub: Hub, number: str) -> Issue:
    """An issue, or 404."""
    issue = hub.issues.get(int(number)) if number.isdigit() else None
    if issue is None:
        raise Refusal(404, "Not Found")
    return issue


def shown(hub: Hub, request: Request, issue: Issue) -> dict[str, Any]:
    """An issue as the API shows it."""
    return {
        "id": issue.number,
        "number": issue.number,
        "url": f"{request.root}/repos/{hub.repository}/issues/{issue.number}",
        "state": "open",
        "title": issue.title,
        "body": issue.body,
        "labels": [{"name": name} for name in issue.labels],
    }
