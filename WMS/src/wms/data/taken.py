"""Say on the forge that a data branch was taken but for what was left out of it."""

from __future__ import annotations

import re

from wms.core.ports import Check, Forge
from wms.core.records.dataset import BranchHead
from wms.core.records.left_out import LeftOut
from wms.data.announce import CONTEXT, DATA_CONTEXT, say_once

_DESCRIPTION = re.compile(r"taken into model v\d+; \d+ set aside: .*")


def announce_taken(*, branch: BranchHead, left_out: LeftOut, version: int, body: str, forge: Forge) -> None:
    """Put it on the branch's head, in the place of whatever an earlier run said there."""
    description = f"taken into model v{version}; {left_out.count} set aside: {', '.join(left_out.rules)}"
    promoted = Check(context=CONTEXT, state="success", description=f"promoted as v{version}")
    forge.set_status(branch.sha, promoted)
    taken = Check(context=DATA_CONTEXT, state="success", description=description[:140])
    say_once(branch.sha, taken, body, forge)


def taken_note(sha: str, forge: Forge) -> str | None:
    """What was left out of a commit's data when the rest was taken; `None` where they were not taken."""
    for check in forge.statuses(sha):
        if check.context == DATA_CONTEXT and _DESCRIPTION.fullmatch(check.description):
            return check.description
    return None
