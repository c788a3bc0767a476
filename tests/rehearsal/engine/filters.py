"""Patterns of `branches:` and `paths:` filters, as GitHub reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def push_starts(settings: Mapping[str, Any], *, branch: str, paths: Sequence[str]) -> bool:
    """Whether a push to a branch that changes some paths starts a workflow with these `push:` settings."""
    return _passes(settings, "branches", [branch]) and _passes(settings, "paths", paths)


def _passes(settings: Mapping[str, Any], name: str, values: Sequence[str]) -> bool:
    if name in settings:
        return any(_included(settings[name], value) for value in values)
    ignored = settings.get(f"{name}-ignore", ())
    return not ignored or any(not _included(ignored, value) for value in values)


def _included(patterns: Iterable[str], value: str) -> bool:
    return any(re.fullmatch(_to_regex(pattern), value) for pattern in patterns)


def _to_regex(pattern: str) -> str:
    """`*` is anything but a slash, `**` anything; what else GitHub knows is not in our workflows."""
    if set(pattern) & set("!?+[]\\"):
        raise NotImplementedError(f"the rehearsal knows no filter such as {pattern}")
    words = {"**": ".*", "*": "[^/]*"}
    return "".join(words.get(part, re.escape(part)) for part in re.split(r"(\*\*|\*)", pattern))
