"""When a generated commit gets the status `ci` without a run of its own.

Main may require `ci`, but a promotion or a rollback changes no code. Its commit gets the status if it changes
only generated files and `ci` passed on the code below it.
"""

from __future__ import annotations

from wms.core.errors import Code, InputError, RecordError
from wms.core.ports import Check, Forge, Repository
from wms.core.records.promotion import GENERATED_PATHS

CI_CONTEXT = "ci"
"""The one status that the rules of main require."""

MERGES_MAX = 100
"""How many merges of promotions are followed back to find a commit on which `ci` passed."""


def require_generated_only(repository: Repository, *, base_sha: str, commit_sha: str) -> None:
    """Check that a commit is directly on top of its base and changes only generated files.

    Raises:
        RecordError: names what else it changes.
    """
    others = sorted({*repository.changed_paths(base_sha, commit_sha)} - {*GENERATED_PATHS})
    if others or repository.parents(commit_sha) != (base_sha,):
        what = ", ".join(others) or "its parent"
        raise RecordError(
            f"{commit_sha[:12]} is not the commit that was published: {what} differs",
            Code.DIGEST_MISMATCH,
            remedy="See who changed it with `git log`, then start a new run.",
        )


def code_that_passed(rev: str, repository: Repository, forge: Forge) -> str | None:
    """The commit with the same code as `rev` on which `ci` passed; `None` if there is none.

    A merge by a workflow's token starts no `ci` on main. So merges of promotions are followed back: to the
    promotion with its status, or to main before it.
    """
    for _ in range(MERGES_MAX):
        if forge.ci_passed(rev):
            return rev
        parents = repository.parents(rev)
        if len(parents) != 2:
            return None
        main_before, proposed = parents
        if _same_code(repository, proposed, rev) and forge.ci_passed(proposed):
            return proposed
        if not _same_code(repository, main_before, rev):
            return None
        rev = main_before
    return None


def ci_evidence(
    commit_sha: str,
    repository: Repository,
    forge: Forge,
    *,
    base_sha: str,
    main_sha: str,
    ci_passed: str | None = None,
) -> str | None:
    """Why a generated commit may get the status `ci`, as text; `None` if it may not.

    The commit changes only generated files of `base_sha`, the commit below it (`require_generated_only`), and
    will be merged into `main_sha`. The repository was fetched just now. `ci_passed` is the commit that
    `ci.yml` ran on for this purpose and passed, if it did.

    Raises:
        InputError: `ci_passed` is another commit.
    """
    if ci_passed is not None and ci_passed != commit_sha:
        raise InputError(
            f"ci passed on {ci_passed[:12]}, but {commit_sha[:12]} is to be merged", Code.UNTESTED_COMMIT
        )
    if ci_passed is not None:
        return "ci ran on this commit and passed"
    for rev in dict.fromkeys((base_sha, main_sha)):
        tested = code_that_passed(rev, repository, forge)
        if tested is not None:
            return f"ci passed on {tested[:12]}; this commit changes only data and model records (verified)"
    return None


def post_ci(forge: Forge, commit_sha: str, evidence: str | None) -> None:
    """Post the status `ci` with its evidence; without evidence, post nothing."""
    if evidence is not None:
        post_success(forge, commit_sha, CI_CONTEXT, evidence)


def post_success(forge: Forge, commit_sha: str, context: str, description: str) -> None:
    """Post a status that passed."""
    forge.set_status(commit_sha, Check(context=context, state="success", description=description[:140]))


def _same_code(repository: Repository, one: str, other: str) -> bool:
    return {*repository.changed_paths(one, other)} <= {*GENERATED_PATHS}
