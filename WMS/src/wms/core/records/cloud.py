"""What a cloud account answers when it is asked whether something is allowed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from wms.core.records.base import Frozen
from wms.core.records.lease_book import CLOCK_TOLERANCE, SWITCH_LIMIT

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


class StateLock(Frozen):
    """Who holds a Terraform state, since when, to do what."""

    who: str
    operation: str
    created: AwareDatetime | None


SWITCH_LOCK_LIMIT = 2 * SWITCH_LIMIT + CLOCK_TOLERANCE
"""The longest that the lock of the switch is held: the switch is flipped within its limit, and Terraform's
provider waits ten minutes at most for the instance to follow. Its time is that of the holder's clock."""


def switch_lock_is_left_behind(since: datetime | None, now: datetime) -> bool:
    """Whether whoever took the switch's lock can no longer be at work under it.

    Of other states this says nothing: a person may work on the stack for hours.
    """
    return since is not None and now - since > SWITCH_LOCK_LIMIT


def answer_of(code: str, message: str) -> Answer:
    """Read an error of AWS as an answer; a dry run that would have succeeded is an error too."""
    if code == DRY_RUN_PASSED:
        return Answer(verdict="allowed")
    if code in REFUSALS:
        denied = "with an explicit deny" in message
        return Answer(verdict="explicit deny" if denied else "no permission", detail=message or code)
    return Answer(verdict="not to be had", detail=f"{code}: {message}")
