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


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method and path; `needs` is the permission that the token must grant, and its level."""

    method: str
    pattern: re.Pattern[str]
    needs: tuple[str, str] | None
    handler: Handler


class Routes:
    """The routes of one noun, in the order in which they are tried."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(
        self, method: str, path: str, *, needs: tuple[str, str] | None = None
    ) -> Callable[[Handler], Handler]:
        """Register a handler; `{repo}` is the repository, `{name}` one part of a path, `{name*}` several."""
        pattern = path.replace("{repo}", "/repos/(?P<owner>[^/]+)/(?P<repo>[^/]+)")
        pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", pattern)
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)

        def register(handler: Handler) -> Handler:
            self.all.append(Route(method=method, pattern=re.compile(pattern), needs=needs, handler=handler))
            return handler

        return register


def page(request: Request, items: Sequence[Any], *, inside: str | None = None, **more: Any) -> Answer:
    """One page of a list, with `Link` to the next and last; `inside` wraps it with its total count."""
    per_page = max(1, min(int(request.query.get("per_page", "30")), 100))
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
        if route.needs is not None and not request.caller.may(*route.needs):
            granted = f"{route.needs[0]}={route.needs[1]}"
            raise Refusal(
                403,
                "Resource not accessible by integration",
                headers={"X-Accepted-GitHub-Permissions": granted},
            )
        return route, named
    raise Refusal(501, f"the stand-in for GitHub has no {request.method} {request.path}")
