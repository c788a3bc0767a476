"""How GitHub names a repository."""

from __future__ import annotations

import re

_URL = re.compile(r"(?:https://|ssh://git@|git@)github\.com[:/](?P<slug>[\w.-]+/[\w.-]+?)(?:\.git)?/?")


def slug_of(remote_url: str) -> str | None:
    """`OWNER/NAME` of a remote on github.com; `None` for any other remote."""
    found = _URL.fullmatch(remote_url)
    return found["slug"] if found else None
