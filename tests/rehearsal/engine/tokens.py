"""The `GITHUB_TOKEN`s of a rehearsal: one a job, with the job's permissions, dead when the job has ended."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rehearsal.engine.permissions import Permissions


@dataclass(frozen=True, kw_only=True, eq=False)
class Grant:
    """What a job asks a token for."""

    run_id: int
    job: str
    permissions: Permissions


Mint = Callable[[Grant], str]


def random_token(grant: Grant) -> str:
    """A token that says nothing."""
    return f"ghs_{secrets.token_hex(18)}"


class Tokens:
    """Which tokens live, and what they may do; a stand-in of the API asks here.

    Args:
        mint: makes a token; a stand-in of the API that keeps its own list gives its own.
    """

    def __init__(self, mint: Mint = random_token) -> None:
        self._mint = mint
        self._lock = threading.Lock()
        self._living: dict[str, Grant] = {}

    def make(self, *, run_id: int, job: str, permissions: Mapping[str, str]) -> str:
        """A token for a job that starts."""
        grant = Grant(run_id=run_id, job=job, permissions=dict(permissions))
        token = self._mint(grant)
        with self._lock:
            self._living[token] = grant
        return token

    def grant(self, token: str) -> Grant | None:
        """What a token was made for, or `None` if it is unknown or its job has ended."""
        with self._lock:
            return self._living.get(token)

    def end(self, token: str) -> None:
        """The token's job has ended."""
        with self._lock:
            self._living.pop(token, None)
