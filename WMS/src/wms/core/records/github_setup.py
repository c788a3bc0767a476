"""The wanted and the present settings of a repository on GitHub, and the changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from wms.core.records.base import Frozen

PUBLIC_KNOWN = "WMS_PHOTOGRAPHS_ARE_PUBLIC"
"""The repository's variable by which its owner confirms that the photographs are public."""


class Label(Frozen):
    """A label of issues and pull requests; `color` is six hexadecimal digits."""

    name: str
    color: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{6}$")]
    description: Annotated[str, StringConstraints(max_length=100)]


class Wanted(Frozen):
    """The wanted settings of a repository, from files; variables and secrets by name, with their meaning.

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
    """Something that GitHub does not show to this token, with GitHub's reason."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The present settings of a repository; labels by their name in lower case, as GitHub compares them.

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
    """One change. `value` is the body for GitHub's API, or the text of a variable or secret.

    `ruleset_id` is that of an existing ruleset.
    """

    kind: ChangeKind
    name: str
    verb: Literal["create", "change"]
    note: str = ""
    value: Any = field(repr=False)
    ruleset_id: int | None = None
