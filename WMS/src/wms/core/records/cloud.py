"""What a cloud account answers when it is asked whether something is allowed."""

from __future__ import annotations

from typing import Literal

from wms.core.records.base import Frozen

Verdict = Literal["allowed", "explicit deny", "no permission", "unavailable"]


class CallerIdentity(Frozen):
    """Whose credentials these are. `temporary` ones expire, and may not say when."""

    account: str
    arn: str
    temporary: bool


class Answer(Frozen):
    """Whether something is allowed, and the words of the refusal.

    No permission overcomes an explicit deny; a missing permission can be given. `unavailable` is
    everything else, such as a quota or a type that the zone does not have.
    """

    verdict: Verdict
    detail: str = ""
