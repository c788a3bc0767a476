"""What a cloud account answers when it is asked whether something is allowed."""

from __future__ import annotations

from typing import Literal

from wms.core.records.base import Frozen

Verdict = Literal["allowed", "explicit deny", "no permission", "not to be had"]


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
