"""A client of GitHub's API that waits when GitHub asks for it, within limits, and logs it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from types import TracebackType

from github import Auth, Github, GithubRetry
from github.GithubException import RateLimitExceededExceedsMaxWait
from urllib3 import Retry
from urllib3.connectionpool import ConnectionPool
from urllib3.response import HTTPResponse

log = logging.getLogger(__name__)

RETRIED_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
PER_PAGE = 100
"""The most that GitHub gives."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for GitHub; the pauses are those of GitHub's own guide.

    `settle_seconds` limits the wait for what GitHub computes late (mergeability, a merge, a status that
    counts), `lag_seconds` the wait until its API knows a branch that was just pushed.
    """

    request_seconds: int = 30
    attempts: int = 6
    limit_seconds: float = 300.0
    between_requests_seconds: float = 0.25
    between_writes_seconds: float = 1.0
    settle_seconds: float = 90.0
    lag_seconds: float = 15.0
    poll_seconds: float = 2.0
    run_seconds: float = 15.0
    """Between two looks at a workflow's run, which takes minutes."""


class PatientRetry(GithubRetry):
    """Tries again after rate limits and 5xx; a wait beyond `max_rate_limit_wait` seconds is an error.

    PyGithub's own class limits the waits that it computes, but not a `Retry-After`, and does not treat 429 as
    a rate limit.
    """

    def increment(  # type: ignore[override]
        self,
        method: str | None = None,
        url: str | None = None,
        response: HTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Retry:
        """The next attempt.

        Raises:
            RateLimitExceededExceedsMaxWait: GitHub asks for a longer wait than the limit.
            MaxRetryError: there were enough attempts.
        """
        asked = self.get_retry_after(response) if response is not None else None
        if response is not None and asked is not None and asked > (self.max_rate_limit_wait or asked):
            raise RateLimitExceededExceedsMaxWait(response.status, None, dict(response.headers), wait=asked)
        following = super().increment(method, url, response, error, _pool, _stacktrace)
        log.warning(
            "GitHub %s on %s %s; trying again in %.0f s (%s attempts left)",
            f"answered {response.status}" if response is not None else "did not answer",
            method,
            url,
            asked or following.get_backoff_time(),
            following.total,
        )
        return following


def connect(api_url: str, token: str | None, patience: Patience) -> Github:
    """A client with lazy objects: an address alone costs no request. Without a token it only reads."""
    retry = PatientRetry(
        total=patience.attempts - 1,
        backoff_factor=1,
        status_forcelist=[429, *range(500, 600)],
        allowed_methods=RETRIED_METHODS,
        max_rate_limit_wait=patience.limit_seconds,
        secondary_rate_wait=min(60.0, patience.limit_seconds),
    )
    return Github(
        base_url=api_url.rstrip("/"),
        auth=Auth.Token(token) if token else None,
        timeout=patience.request_seconds,
        retry=retry,
        per_page=PER_PAGE,
        lazy=True,
        user_agent="wms",
        seconds_between_requests=patience.between_requests_seconds,
        seconds_between_writes=patience.between_writes_seconds,
    )
