"""Patterns of `branches:` and `paths:` filters, as GitHub reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def push_starts(settings: Mapping[str, Any], *, branch: str, paths: Sequence[str]) -> bool:
    """Whether a push to a branch that changes some paths starts a workflow with these `push:` settings."""
    if "tags" in settings and not {"branches", "branches-ignore"} & set(settings):
        return False
    return _passes(settings, "branches", [branch]) and _passes(settings, "paths", paths)


def _passes(settings: Mapping[str, Any], name: str, values: Sequence[str]) -> bool:
    if name in settings:
        return any(included(_list(settings[name]), value) for value in values)
    if f"{name}-ignore" in settings:
        ignored = _list(settings[f"{name}-ignore"])
        return any(not included(ignored, value) for value in values)
    return True


def included(patterns: Iterable[str], value: str) -> bool:
    """Whether the last pattern that matches includes the value; `!` excludes."""
    result = False
    for pattern in patterns:
        if re.fullmatch(to_regex(pattern.removeprefix("!")), value):
            result = not pattern.startswith("!")
    return result


def to_regex(pattern: str) -> str:
    """GitHub's filter pattern as a regular expression.

    `*` is anything but a slash, `**` anything; `?` and `+` repeat what stands before them, `[]` are ranges.
    """
    result = ""
    rest = pattern
    while rest:
        if rest.startswith("**/"):
            token, found = "(?:.*/)?", "**/"
        elif rest.startswith("**"):
            token, found = ".*", "**"
        elif rest.startswith("*"):
            token, found = "[^/]*", "*"
        elif rest.startswith("[") and "]" in rest:
            found = rest[: rest.index("]") + 1]
            token = found
        elif rest.startswith("\\") and len(rest) > 1:
            found = rest[:2]
            token = re.escape(rest[1])
        else:
            found = rest[0]
            token = found if found in "?+" else re.escape(found)
        result, rest = result + token, rest[len(found) :]
    return result


def _list(setting: Any) -> list[str]:
    return [setting] if isinstance(setting, str) else list(setting)
