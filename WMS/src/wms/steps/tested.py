"""The status `ci`: posted for the very commit that the CI ran on, and for no other."""

from __future__ import annotations

from wms.domain.errors import UntestedCommitError
from wms.ports import Check, Forge

CI_CONTEXT = "ci"
"""The one status that the rules of main require."""


def require_tested(commit_sha: str, *, ci_passed: str | None) -> None:
    """Check that a CI that is said to have passed ran on this commit; nothing said is no claim.

    Raises:
        UntestedCommitError: it ran on another one.
    """
    if ci_passed is not None and ci_passed != commit_sha:
        raise UntestedCommitError(f"the CI passed on {ci_passed[:12]}, and {commit_sha[:12]} is to be merged")


def post_ci(forge: Forge, commit_sha: str, *, ci_passed: str | None) -> None:
    """Post the status `ci` if the CI passed on this commit; without a word of it, none is posted.

    Raises:
        UntestedCommitError: it passed on another one.
    """
    require_tested(commit_sha, ci_passed=ci_passed)
    if ci_passed is not None:
        check = Check(context=CI_CONTEXT, state="success", description="the CI ran on this commit and passed")
        forge.set_status(commit_sha, check)
