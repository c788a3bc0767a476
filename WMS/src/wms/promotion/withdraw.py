"""Take back what a run proposed and nobody can merge any more."""

from __future__ import annotations

from wms.core.ports import Forge
from wms.core.records.promotion import promotion_branch


def withdraw(*, run_id: str, reason: str, run_url: str, forge: Forge) -> tuple[int, ...]:
    """Close the pull request that a run opened, if it is open, and say there why.

    It is found by its branch, so that a run whose own records are lost is withdrawn too. The branch
    stays: a person may want to see what was on it. `reason` is Markdown; `run_url` is the page of the
    workflow run that closes it, empty on a laptop.

    Returns:
        the numbers of those that were closed.
    """
    branch = promotion_branch(run_id)
    numbers = tuple(
        pull.number for pull in forge.pull_requests(head_prefix=branch, state="open") if pull.head == branch
    )
    for number in numbers:
        forge.close(number, comment=f"{reason}\n\nClosed by [this run]({run_url})." if run_url else reason)
    return numbers
