"""Requests, answers, refusals and routes: what every noun of the stand-in is written with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fakes.github.records import Caller

if TYPE_CHECKING:
    from fakes.github.hub import Hub

MAX_BODY = 65_536
"""Characters of a comment or a pull request's text."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; `path` is below the API's root, `root` is the API's own address.

    `body` is what was sent as JSON, `data` what was sent as bytes, as uploads are.
    """

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    caller: Caller
    root: str
    max_per_page: int = 100
    data: bytes = b""
    accept: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status, a body that becomes JSON (nothing where `None`, bytes as they are) and headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818
    """GitHub says no: a status, a message, and for 422 the errors."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[dict[str, str] | str] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        body: dict[str, Any] = {"message": message, "documentation_url": "https://docs.github.com/rest"}
        if errors:
            body["errors"] = list(errors)
        self.answer = Answer(status=status, body={**body, "status": str(status)}, headers=headers or {})


def invalid(resource: str, fld: str, message: str = "", *, code: str = "custom") -> Refusal:
    """422 in GitHub's usual form."""
    error = {"resource": resource, "code": code, "field": fld}
    if message:
        error["message"] = message
    return Refusal(422, "Validation Failed", errors=[error])


def check_length(resource: str, fld: str, text: str, limit: int) -> None:
    """422 for a text that is longer than GitHub takes."""
    if len(text) > limit:
        raise invalid(resource, fld, f"{fld} is too long (maximum is {limit} characters)")


Handler = Callable[..., Answer]
Need = tuple[str, str]
"""A permission and its level, such as `("contents", "read")`."""

NEVER_PUBLIC = ("administration", "secrets", "variables")
"""What a public repository shows to nobody without the permission."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method and path; the token must grant one of the permissions `needs`, at its level."""

    method: str
    pattern: re.Pattern[str]
    needs: tuple[Need, ...]
    handler: Handler


class Routes:
    """The routes of one noun, in the order in which they are tried."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self, method: str, path: str, *, needs: Need | None = None, otherwise: Need | None = None
    ) -> Callable[[Handler], Handler]:
        """Register a handler; `{repo}` is the repository, `{name}` one part of a path, `{name*}` several.

        Permissions are those of GitHub's page "Permissions required for GitHub Apps", by endpoint (its data:
        github/docs, src/github-apps/data/fpt-2026-03-10/server-to-server-permissions.json). Where that names
        two of which one is enough, `otherwise` is the second. What asks for "Metadata" needs nothing here:
        every token has it.
        """
        pattern = path.replace("{repo}", "/repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)")
        pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", pattern)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

        def register(handler: Handler) -> Handler:
            asked = tuple(need for need in (needs, otherwise) if need is not None)
            self.all.append(Route(method=method, pattern=re.compile(pattern), needs=asked, handler=handler))
            return handler

        return register


def page(request: Request, items: Sequence[Any], *, inside: str | None = None, **more: Any) -> Answer:
    """One page of a list, with `Link` to the next and last; `inside` wraps it with its total count."""
    per_page = max(1, min(int(request.query.get("per_page", "30")), request.max_per_page))
    number = int(request.query.get("page", "1"))
    last = max(1, -(-len(items) // per_page))

    def link(to: int, rel: str) -> str:
        query = urlencode({**request.query, "page": to})
        return f'<{request.root}{request.path}?{query}>; rel="{rel}"'

    links = [link(number + 1, "next"), link(last, "last")] if number < last else []
    part = list(items[(number - 1) * per_page : number * per_page])
    body = part if inside is None else {"total_count": len(items), inside: part, **more}
    return Answer(body=body, headers={"Link": ", ".join(links)} if links else {})


def find_route(hub: Hub, request: Request, routes: Sequence[Route]) -> tuple[Route, dict[str, str]]:
    """The route of a request and what its path names; the repository and the permission are checked here."""
    for route in routes:
        matched = route.pattern.fullmatch(request.path)
        if matched is None or route.method != request.method:
            continue
        named = matched.groupdict()
        owner = named.pop("owner", None)
        if owner is not None and f"{owner}/{named.pop('repo')}".lower() != hub.repository.lower():
            raise Refusal(404, "Not Found")
        if not _may(hub, request, route):
            accepted = "; ".join(f"{permission}={level}" for permission, level in route.needs)
            raise Refusal(
                403,
                "Resource not accessible by integration",
                headers={"X-Accepted-GitHub-Permissions": accepted},
            )
        return route, named
    raise Refusal(501, f"the stand-in for GitHub has no {request.method} {request.path}")


def _may(hub: Hub, request: Request, route: Route) -> bool:
    """Whether the token grants one of the permissions; what is public may be read without any."""
    public = not hub.settings.private and all(
        level == "read" and permission not in NEVER_PUBLIC for permission, level in route.needs
    )
    return public or not route.needs or any(request.caller.may(*need) for need in route.needs)
