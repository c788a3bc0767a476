"""The one GraphQL mutation that REST has not: merging by itself once the rules are met."""

from __future__ import annotations

from fakes.github.hub import Hub
from fakes.github.merging import mergeability
from fakes.github.wire import Answer, Refusal, Request, Routes

ROUTES = Routes()


@ROUTES.add("POST", "/graphql", needs=("contents", "write"))
def graphql(hub: Hub, request: Request) -> Answer:
    if "enablePullRequestAutoMerge" not in str(request.body.get("query")):
        raise Refusal(501, "the stand-in for GitHub knows no GraphQL but enablePullRequestAutoMerge")
    variables = request.body.get("variables") or {}
    wanted = (variables.get("input") or variables).get("pullRequestId")
    pull = next((each for each in hub.pulls.values() if f"PR_{each.number}" == wanted), None)
    if pull is None:
        return _error("NOT_FOUND", f"Could not resolve to a node with the global id of '{wanted}'")
    if not hub.settings.allow_auto_merge:
        return _error("UNPROCESSABLE", "Pull request Auto merge is not allowed for this repository")
    if mergeability(hub, pull)[1] == "clean":
        return _error("UNPROCESSABLE", "Pull request Pull request is in clean status")
    pull.auto_merge = True
    return Answer(body={"data": {"enablePullRequestAutoMerge": {"pullRequest": {"number": pull.number}}}})


def _error(kind: str, message: str) -> Answer:
    return Answer(body={"data": None, "errors": [{"type": kind, "message": message}]})
