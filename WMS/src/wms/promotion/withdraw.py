"""Close the pull request of a run that can no longer be merged."""

from __future__ import annotations

from wms.core.ports import Forge
from wms.core.records.promotion import promotion_branch


def withdraw(*, run_id: str, reason: str, run_url: str, forge: Forge) -> tuple[int, ...]:
    """Close the open pull request of a run, with the reason as a comment.

    It is found by its branch, so this also works if the run's own records are lost. The branch stays, for
    people who want to see it. `reason` is Markdown; `run_url` is the page of the
    workflow run that closes it, empty on a laptop.

    Returns:
        The numbers of the closed ones.
    """
    branch = promotion_branch(run_id)
    numbers = tuple(
        pull.number for pull in forge.pull_requests(head_prefix=branch, state="open") if pull.head == branch
    )
    for number in numbers:
        forge.close(number, comment=f"{reason}\n\nClosed by [this run]({run_url})." if run_url else reason)
    return numbers
