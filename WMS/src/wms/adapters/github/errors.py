"""GitHub's errors, with what to do about them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from github import BadAttributeException, GithubException
from github.GithubException import RateLimitExceededExceedsMaxWait, RateLimitExceededException
from requests.exceptions import JSONDecodeError, RequestException, RetryError

from wms.core.errors import Code, ForgeError

UNREACHED = "See https://www.githubstatus.com and the network, then run the command again."
MAY_NOT_OPEN = "not permitted to create or approve pull requests"


@contextlib.contextmanager
def speaking_to_github(doing: str, repository: str) -> Iterator[None]:
    """Turn any error of PyGithub into one that names the action.

    Args:
        doing: such as `opening a pull request from a to b`.
        repository: `owner/name`.
    """
    try:
        yield
    except GithubException as error:
        raise explained(error, doing, repository) from error
    except RetryError as error:
        raise ForgeError(
            f"{doing} in {repository} failed: GitHub kept answering with errors or rate limits",
            remedy=UNREACHED,
        ) from error
    except RequestException as error:
        raise ForgeError(
            f"{doing} in {repository} failed: GitHub does not answer ({type(error).__name__})",
            remedy=UNREACHED,
        ) from error
    except (BadAttributeException, JSONDecodeError) as error:
        raise ForgeError(
            f"{doing} in {repository} failed: the answer is not from the GitHub API",
            remedy="Check GITHUB_API_URL, and whether a proxy answers instead.",
        ) from error


def explained(error: GithubException, doing: str, repository: str) -> ForgeError:
    """Our error for an error of GitHub's."""
    words = words_of(error)
    failed = f"{doing} in {repository} failed"
    if MAY_NOT_OPEN in words:
        return ForgeError(
            f"{failed}: {words}",
            Code.PERMISSION,
            remedy="Turn on `Allow GitHub Actions to create and approve pull requests` in the repository's "
            "Settings > Actions > General (of the organisation too, if greyed out), then run again.",
        )
    if isinstance(error, RateLimitExceededException):
        return _limited(error, failed)
    if error.status == HTTPStatus.UNAUTHORIZED:
        return ForgeError(
            f"{failed}: GitHub does not accept the token ({words})",
            Code.PERMISSION,
            remedy="Set GITHUB_TOKEN to a valid token of this repository; a workflow's ends with its job.",
        )
    if error.status == HTTPStatus.FORBIDDEN:
        accepted = _header(error, "x-accepted-github-permissions")
        lacks = f"the permission {accepted}" if accepted else "a permission that this needs"
        return ForgeError(
            f"{failed}: {words}",
            Code.PERMISSION,
            remedy=f"Give the token {lacks}; in a workflow, under `permissions:` of the job.",
        )
    if error.status == HTTPStatus.NOT_FOUND:
        return ForgeError(
            f"{failed}: there is no such thing, or the token may not see it ({words})",
            remedy="Check the repository's name (GITHUB_REPOSITORY) and GITHUB_API_URL; a private one needs "
            "a token of its own (GITHUB_TOKEN).",
        )
    return ForgeError(f"{failed}: GitHub answers {error.status}: {words}")


def words_of(error: GithubException) -> str:
    """GitHub's message on one line, with the details of a 422."""
    data: Any = error.data
    if not isinstance(data, dict):
        return " ".join(str(error.message or data or error.status).split())
    said = [str(data.get("message", ""))]
    for detail in data.get("errors") or []:
        if not isinstance(detail, dict):
            said.append(str(detail))
        elif detail.get("message"):
            said.append(str(detail["message"]))
        else:
            said.append(f"{detail.get('field')} is {str(detail.get('code')).replace('_', ' ')}")
    return " ".join("; ".join(part for part in said if part).split())


def _limited(error: RateLimitExceededException, failed: str) -> ForgeError:
    wait = error.wait if isinstance(error, RateLimitExceededExceedsMaxWait) else None
    when = f"in {-(-int(wait) // 60)} minutes" if wait is not None else "later"
    return ForgeError(
        f"{failed}: GitHub's rate limit is reached",
        remedy=f"Run the command again {when}.",
    )


def _header(error: GithubException, name: str) -> str:
    return next((value for key, value in (error.headers or {}).items() if key.lower() == name), "")
