"""The status `ci` of a generated commit: what earns it.

Main may require `ci`, and a promotion or a rollback changes no code. So its commit earns the status without
another run of the tests where it changes generated files alone and `ci` passed on the code that it stands on.
"""

from __future__ import annotations

from wms.core.errors import DigestMismatchError, UntestedCommitError
from wms.core.ports import Check, Forge, Repository
from wms.core.records.promotion import GENERATED_PATHS

CI_CONTEXT = "ci"
"""The one status that the rules of main require."""

MERGES_MAX = 100
"""How many merges of promotions are followed back in search of a commit on which `ci` passed."""


def require_generated_only(repository: Repository, *, base_sha: str, commit_sha: str) -> None:
    """Check that a commit is one step on top of its base and changes generated files alone.

    Raises:
        DigestMismatchError: names what else it changes.
    """
    others = sorted({*repository.changed_paths(base_sha, commit_sha)} - {*GENERATED_PATHS})
    if others or repository.parents(commit_sha) != (base_sha,):
        what = ", ".join(others) or "its parent"
        raise DigestMismatchError(
            f"{commit_sha[:12]} is not the commit that was published: {what} differs",
            remedy="See who changed it with `git log`, then start a new run.",
        )


def code_that_passed(rev: str, *, repository: Repository, forge: Forge) -> str | None:
    """The commit on which `ci` passed and whose code `rev` still has; `None` if there is none.

    A merge by a workflow's token starts no `ci` on main, so merges of promotions are followed back: to the
    promotion that earned its status, or to main before it.
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
    *,
    base_sha: str,
    main_sha: str,
    ci_passed: str | None,
    repository: Repository,
    forge: Forge,
) -> str | None:
    """In words, why a generated commit has earned the status `ci`; `None` if it has not.

    Args:
        commit_sha: the commit, which changes generated files alone (`require_generated_only`).
        base_sha: the commit that it stands on.
        main_sha: main as it is now, into which it is to be merged.
        ci_passed: the commit that `ci.yml` ran on for this purpose and passed, if it did.
        repository: fetched just now.
        forge: where `ci` is reported.

    Raises:
        UntestedCommitError: `ci_passed` is another commit.
    """
    if ci_passed is not None and ci_passed != commit_sha:
        raise UntestedCommitError(f"ci passed on {ci_passed[:12]}, and {commit_sha[:12]} is to be merged")
    if ci_passed is not None:
        return "ci ran on this commit and passed"
    for rev in dict.fromkeys((base_sha, main_sha)):
        tested = code_that_passed(rev, repository=repository, forge=forge)
        if tested is not None:
            return f"ci passed on {tested[:12]}; this commit changes data and model records alone (verified)"
    return None


def post_ci(forge: Forge, commit_sha: str, evidence: str | None) -> None:
    """Post the status `ci` with what earned it; without evidence, none is posted."""
    if evidence is not None:
        forge.set_status(commit_sha, Check(context=CI_CONTEXT, state="success", description=evidence))


def _same_code(repository: Repository, one: str, other: str) -> bool:
    return {*repository.changed_paths(one, other)} <= {*GENERATED_PATHS}
