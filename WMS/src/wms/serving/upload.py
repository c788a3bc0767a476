"""The photographs of a request, received within limits of bytes, number and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from wms.core.settings.serve import MIB, ServeSettings
from wms.core.words import counted
from wms.serving.answer import RefusedError

FIELD = "image"
"""The multipart field of each photograph."""

LEFT_UNREAD_BYTES, LEFT_UNREAD_SECONDS = 256 * MIB, 10.0
"""What of a refused upload is read and thrown away: many clients read no answer before they have sent all."""


@asynccontextmanager
async def photographs(request: Request, settings: ServeSettings) -> AsyncIterator[list[UploadFile]]:
    """Receive the photographs of a request; their files are removed at the end.

    Raises:
        RefusedError: no multipart form, no image in it, too many bytes or images, too slow, or left by its
            client.
    """
    try:
        async with asyncio.timeout(settings.upload_seconds):
            form = await _limited(request, settings).form(max_files=10 * settings.max_images + 1000)
    except TimeoutError as error:
        request.state.nothing_to_read = True
        raise RefusedError(
            HTTPStatus.REQUEST_TIMEOUT,
            "upload_too_slow",
            f"the upload took more than {settings.upload_seconds:g} s",
            "Send fewer or smaller images, or use a faster connection.",
        ) from error
    except ClientDisconnect as error:
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, "client_left", "the client left", "Send it again."
        ) from error
    except HTTPException as error:
        raise _no_form(f"the multipart form cannot be read: {error.detail}") from error
    try:
        images = [each for each in form.getlist(FIELD) if isinstance(each, UploadFile)]
        if not images:
            raise _no_form(f"the request has no file in the multipart field `{FIELD}`")
        if len(images) > settings.max_images:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_many_images",
                f"the request has {counted(len(images), 'image')}, more than {settings.max_images}",
                "Send them in several requests.",
            )
        yield images
    finally:
        await form.close()


def declared_length(request: Request, settings: ServeSettings) -> int | None:
    """The request's length in bytes as it says; none where it is sent in chunks.

    Raises:
        RefusedError: more than allowed.
    """
    value = request.headers.get("content-length", "")
    length = int(value) if value.isdecimal() else None
    if length is not None and length > settings.max_request_mib * MIB:
        raise _too_long(settings)
    return length


async def throw_away(request: Request) -> None:
    """Read what is left of a refused request, up to a limit."""
    # A client that sent `Expect` sends nothing before it is told to go on.
    if getattr(request.state, "nothing_to_read", False) or request.headers.get("expect"):
        return
    unread = 0
    try:
        async with asyncio.timeout(LEFT_UNREAD_SECONDS):
            while unread < LEFT_UNREAD_BYTES:
                message = await request.receive()
                unread += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        return


def _limited(request: Request, settings: ServeSettings) -> Request:
    """The request, which ends with a refusal at the first byte above the limit."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        request.state.nothing_to_read = not message.get("more_body")
        if received > settings.max_request_mib * MIB:
            raise _too_long(settings)
        return message

    return Request(request.scope, receive)


def _too_long(settings: ServeSettings) -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "request_too_large",
        f"the request has more than {settings.max_request_mib} MiB",
        "Send fewer or smaller images.",
    )


def _no_form(error: str) -> RefusedError:
    return RefusedError(
        HTTPStatus.BAD_REQUEST,
        "no_form",
        error,
        f"Send photographs as multipart/form-data in the field `{FIELD}`, "
        f"for example: curl --form {FIELD}=@photo.jpg .../v1/predict",
    )
