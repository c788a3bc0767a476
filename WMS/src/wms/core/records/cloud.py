"""What a cloud account answers when it is asked whether something is allowed."""

from __future__ import annotations

from typing import Literal

from wms.core.records.base import Frozen

Verdict = Literal["allowed", "explicit deny", "no permission", "not to be had"]

DRY_RUN_PASSED = "DryRunOperation"
REFUSALS = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "403"})


class CallerIdentity(Frozen):
    """Whose credentials these are. `temporary` ones end, and need not say when."""

    account: str
    arn: str
    temporary: bool


class Answer(Frozen):
    """Whether something is allowed, and in what words it was refused.

    An explicit deny is a rule that no permission can overcome; where permission is missing it can be
    given. `not to be had` is everything else, such as a quota or a type that the zone has not.
    """

    verdict: Verdict
    detail: str = ""


def answer_of(code: str, message: str) -> Answer:
    """Read an error of AWS as an answer; a dry run that would have succeeded is an error too."""
    if code == DRY_RUN_PASSED:
        return Answer(verdict="allowed")
    if code in REFUSALS:
        denied = "with an explicit deny" in message
        return Answer(verdict="explicit deny" if denied else "no permission", detail=message or code)
    return Answer(verdict="not to be had", detail=f"{code}: {message}")
