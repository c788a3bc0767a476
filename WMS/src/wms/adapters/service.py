"""A running service, asked over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit

from wms.core.errors import Code, InputError, ServiceError
from wms.core.records.drift import ServiceCounts

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 16 * 2**20
"""Ninety days of two models each have 1 MB."""

KEY_HEADER = "X-API-Key"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def fetch_counts(url: str, key: str | None) -> ServiceCounts:
    """What a service counted, from `/v1/drift` below its address.

    Args:
        url: such as `https://meters.example`.
        key: its API key, if it wants one; it is not shown in errors.

    Raises:
        InputError: the address is not one of HTTP, or the key is not printable ASCII.
        ServiceError: the service cannot be reached, refuses, or answers with something else.
        RecordError: it answers with a record of another kind.
    """
    # Where no redirect is followed, the key reaches this host alone.
    opener = urllib.request.build_opener(_NoRedirect)
    address = f"{url.rstrip('/')}/v1/drift"
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        known = False
    if not known:
        raise InputError(f"{url!r} is not an address of HTTP", Code.CONFIG, remedy="Write https://HOST.")
    headers = {KEY_HEADER: _clean(key)} if key else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - see above
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            data: bytes = answer.read(MOST_BYTES + 1)
    except urllib.error.HTTPError as error:
        raise ServiceError(f"{address} answers {error.code} {error.reason}") from error
    except (OSError, HTTPException, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise ServiceError(f"{address} does not answer: {why}") from error
    if len(data) > MOST_BYTES:
        raise ServiceError(f"{address} answers with more than {MOST_BYTES >> 20} MiB")
    return ServiceCounts.from_json(data, source=address)


def _clean(key: str) -> str:
    """The key without what an editor adds around it; the errors of `http.client` would show the key."""
    key = key.strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(
            "the service's key has characters that no header may have",
            Code.CONFIG,
            remedy="Set WMS_SERVICE_KEY to the key as the service has it, in printable ASCII.",
        )
    return key
