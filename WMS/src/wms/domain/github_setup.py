"""What a repository on GitHub should be set to, what it is set to, and what is to be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import StringConstraints, model_validator

from wms.domain.records import Frozen, Record

Kind = Literal["ruleset", "repository", "workflow permissions", "label", "variable", "secret"]
State = Literal["as wanted", "create", "change", "missing", "not available"]


class Label(Frozen):
    """A label of issues and pull requests; `color` is six hexadecimal digits."""

    name: str
    color: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{6}$")]
    description: Annotated[str, StringConstraints(max_length=100)]


class Feature(Frozen):
    """What can be used once all the variables and secrets that it needs are set."""

    name: str
    needs: tuple[str, ...] = ()


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
    features: tuple[Feature, ...]

    @model_validator(mode="after")
    def _needs_are_known(self) -> Self:
        unknown = {need for feature in self.features for need in feature.needs} - {
            *self.variables,
            *self.secrets,
        }
        if unknown:
            raise ValueError(f"features need {', '.join(sorted(unknown))}, which are no variables or secrets")
        return self


@dataclass(frozen=True, kw_only=True)
class Actual:
    """The same as GitHub has it, by name; labels by their name in lower case, which GitHub compares by.

    `rulesets` is `None` where the repository cannot have any.
    """

    rulesets: Mapping[str, Mapping[str, Any]] | None
    repository: Mapping[str, Any]
    workflow_permissions: Mapping[str, Any]
    labels: Mapping[str, Label]
    variables: Mapping[str, str]
    secrets: frozenset[str]


class Item(Frozen):
    """One setting: how it stands, and in words what that means or how it is set."""

    kind: Kind
    name: str
    state: State
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing to do. `value` is what GitHub's API takes, or a variable's or secret's text.

    `ruleset_id` is that of a ruleset that is there already.
    """

    item: Item
    value: Any = field(repr=False)
    ruleset_id: int | None = None


class FeatureState(Frozen):
    """A feature, and which of its needs are not set."""

    name: str
    missing: tuple[str, ...]


class SetupReport(Record):
    """How every setting stood, and what can be used once the changes are made."""

    repository: str
    items: tuple[Item, ...]
    features: tuple[FeatureState, ...]


@dataclass(frozen=True, kw_only=True)
class SetupPlan:
    """The changes that turn what is into what should be, and the report on all of it."""

    changes: tuple[Change, ...]
    report: SetupReport
