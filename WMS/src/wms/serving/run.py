"""Runs the service in this process until SIGTERM or Ctrl-C; requests in work are answered before it ends."""

from __future__ import annotations

import asyncio
import ctypes
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from wms.core.errors import Code, InputError
from wms.serving.live import Loaded
from wms.serving.service import Service, make_app

M_MMAP_THRESHOLD, LARGE_BYTES = -3, 4 * 1024**2
"""The number in glibc's malloc.h, and the size of a large block."""


def run_service(service: Service, *, host: str, port: int, when_ready: Callable[[Loaded, int], None]) -> None:
    """Load the model and answer requests.

    Args:
        service: without a model yet.
        host: the address to listen on.
        port: the port; 0 takes a free one.
        when_ready: told the model and the port when requests are answered.

    Raises:
        InputError: the address cannot be listened on.
        WmsError: there is no model, or it cannot be used.
    """
    give_memory_back()
    with _listening(host, port) as listener:
        service.live.refresh()
        loaded = service.require_model()
        server = make_server(service)
        when_ready(loaded, listener.getsockname()[1])
        try:
            asyncio.run(server.serve(sockets=[listener]))
        except KeyboardInterrupt:
            # uvicorn has ended in order, and raises the signal again for whoever started it.
            return


def give_memory_back() -> None:
    """Let glibc return each large block when it is freed; elsewhere nothing is done.

    By default it raises the size from which it does so, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD), and then
    keeps what the images needed: figures in docs/log.md.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def make_server(service: Service) -> uvicorn.Server:
    """The HTTP server of a service."""
    settings = service.settings
    return uvicorn.Server(
        uvicorn.Config(
            make_app(service),
            log_config=None,
            access_log=False,
            server_header=False,
            # Else whoever is on this machine names the address that its rate is counted for.
            proxy_headers=False,
            timeout_keep_alive=settings.keep_alive_seconds,
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
    )


def _listening(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        InputError: the port is in use, or the host is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}",
            Code.CONFIG,
            remedy="Choose another --port or --host.",
        ) from error
