"""A small IAM: whether a policy document allows a request, by resources, conditions and variables.

moto's server enforces actions, and resources of S3 alone. The rules are those of the IAM user guide ("Policy
evaluation logic", "Condition operators"); an operator or a key that is not listed here is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

Context = Mapping[str, str]

SHELL = "SSM-SessionManagerRunShell"
"""The Session document of a session that names none."""


def like(value: str, pattern: str) -> bool:
    """A star stands for any characters; IAM knows no brackets."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


OPERATORS = {
    "StringEquals": lambda value, wanted: value in wanted,
    "StringLike": lambda value, wanted: any(like(value, each) for each in wanted),
    "StringNotLike": lambda value, wanted: not any(like(value, each) for each in wanted),
    "Bool": lambda value, wanted: value in wanted,
}


def allowed(document: str, action: str, resource: str = "*", context: Context | None = None) -> bool:
    """Whether some statement allows it and none denies it."""
    context = context or {}
    found = {
        statement["Effect"]
        for statement in json.loads(document)["Statement"]
        if any(like(action, each) for each in listed(statement["Action"]))
        and any(like(resource, filled(each, context)) for each in listed(statement.get("Resource", "*")))
        and meets(statement.get("Condition", {}), context)
    }
    return found == {"Allow"}


def meets(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether a request has what the conditions want; a key that it lacks fails, unless `IfExists`."""
    for operator, keys in conditions.items():
        test = OPERATORS[operator.removesuffix("IfExists")]
        for key, wanted in keys.items():
            if key not in context:
                if not operator.endswith("IfExists") and operator != "StringNotLike":
                    return False
            elif not test(context[key], [filled(each, context) for each in listed(wanted)]):
                return False
    return True


def may_start_session(
    document: str, *, instance: str, context: Context, name: str | None, named: str
) -> bool:
    """Whether a session with an instance may be started.

    Systems Manager asks for the document too if one is named, or if the policy wants that check
    (docs.aws.amazon.com/systems-manager, "Enforce a session document permission check").

    Args:
        document: the policy.
        instance: the ARN of the instance.
        context: its tags.
        name: the Session document that the caller names.
        named: the ARN of that document, or of the shell's.
    """
    check = "ssm:SessionDocumentAccessCheck"
    if name is None and allowed(document, "ssm:StartSession", instance, {**context, check: "false"}):
        return True
    return all(
        allowed(document, "ssm:StartSession", resource, {**context, check: "true"})
        for resource in (instance, named)
    )


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def filled(text: str, context: Context) -> str:
    """A text with its policy variables replaced."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: context[found[1]], text)
