"""Changes of the stack that start the instance: it never runs without a lease because of them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from datetime import timedelta

from wms.cloud.shared_instance import SharedInstance
from wms.core.context import Context
from wms.core.errors import LeaseError

CHANGE_TTL = timedelta(hours=1)
"""Longer than a change of the type takes; the watchdog ends what is left."""

FIRST_BOOT = timedelta(minutes=30)
"""How long an instance that was just made is held: for its first boot, and until its image is stored."""


@contextlib.contextmanager
def minding_host(ctx: Context, *, made: bool, restarted: bool) -> Iterator[None]:
    """A block in which the instance is made, or restarted with another type.

    An instance that is made is started by AWS: afterwards the user holds it for its first boot. One that is
    restarted is stopped at the end, if nobody holds it.

    Raises:
        LeaseError: somebody holds the instance, which the change would stop.
    """
    instance = SharedInstance.of(ctx)
    if restarted:
        holder = f"apply#{secrets.token_hex(4)}"
        instance.hold(holder, purpose="another instance type", ttl=CHANGE_TTL)
        try:
            yield
        finally:
            instance.release(holder)
        return
    yield
    if made:
        instance.take(ctx.actor, purpose="first boot", ttl=FIRST_BOOT, say=ctx.progress.say)


def require_free(ctx: Context, *, because: str) -> None:
    """Check that nobody holds the instance.

    Args:
        ctx: the workspace.
        because: what would be done to it, or how that can be done although somebody holds it.

    Raises:
        LeaseError: somebody does, or the lease book cannot be read.
    """
    live = ctx.ports.leases.load()[0].live(ctx.clock())
    if live:
        holders = ", ".join(f"{lease.holder} ({lease.purpose})" for lease in live)
        raise LeaseError(
            f"the instance is held by {holders}",
            remedy=f"Wait until they end (`wms infra status`), {because}.",
        )
