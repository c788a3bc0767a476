"""What a repository on GitHub should be set to, what it is, and what is to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from wms.core.records.base import Frozen

PUBLIC_KNOWN = "WMS_PHOTOGRAPHS_ARE_PUBLIC"
"""The repository's variable by which its owner says that he knows who can see the photographs."""


class Label(Frozen):
    """A label of issues and pull requests; `color` is six hexadecimal digits."""

    name: str
    color: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{6}$")]
    description: Annotated[str, StringConstraints(max_length=100)]


class Wanted(Frozen):
    """The repository's settings as files have them; variables and secrets by name, with what they mean.

    `rulesets`, `repository` and `workflow_permissions` are as GitHub's REST API takes them.
    """

    rulesets: tuple[dict[str, Any], ...] = ()
    repository: dict[str, Any]
    workflow_permissions: dict[str, Any]
    labels: tuple[Label, ...]
    variables: dict[str, str]
    secrets: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """What GitHub does not show to this token, in its own words. It is never taken for a value."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A repository as GitHub has it, by name; labels by their name in lower case, which GitHub compares by.

    `rulesets` is `None` where the repository cannot have any. `workflows` are the states of its workflows by
    their file's name. `ci` is how every check and status `ci` of the default branch's tip ended.
    `state_bytes` is the size of `refs/wms/state`, `None` where there is none.
    """

    repository: Mapping[str, Any]
    rulesets: Mapping[str, Mapping[str, Any]] | Unseen | None
    workflow_permissions: Mapping[str, Any] | Unseen
    labels: Mapping[str, Label] | Unseen
    variables: Mapping[str, str] | Unseen
    secrets: frozenset[str] | Unseen
    actions: Mapping[str, Any] | Unseen
    workflows: Mapping[str, str] | Unseen
    ci: tuple[str, ...] | Unseen
    state_bytes: int | Unseen | None
    queued_runs: int | Unseen
    runs_to_approve: int | Unseen


ChangeKind = Literal["ruleset", "repository", "workflow permissions", "label", "variable", "secret"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing to do. `value` is what GitHub's API takes, or a variable's or secret's text.

    `ruleset_id` is that of a ruleset that is there already.
    """

    kind: ChangeKind
    name: str
    verb: Literal["create", "change"]
    note: str = ""
    value: Any = field(repr=False)
    ruleset_id: int | None = None
