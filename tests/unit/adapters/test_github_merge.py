"""Merging on GitHub: what it works out late, what moves meanwhile, what its rules ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clones import ROOT
from fakes.github import FakeGitHub
from forges import Author, forge_on
from wms.adapters.git.repository import GitRepository
from wms.adapters.github.forge import GitHubForge
from wms.core.errors import ForgeError, RemoteMovedError, UnmergeableError
from wms.core.ports import Check, PullRequest
from wms.core.settings import load_wanted

PASSED = Check(context="ci", state="success", description="passed")


def require(github: FakeGitHub, *contexts: str, approvals: int = 0) -> None:
    """A ruleset on main as `rulesets/main.json` would make it."""
    checks: dict[str, Any] = {"required_status_checks": [{"context": context} for context in contexts]}
    github.rulesets[1] = {
        "id": 1,
        "name": "main",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [
            *([{"type": "required_status_checks", "parameters": checks}] if contexts else []),
            {"type": "pull_request", "parameters": {"required_approving_review_count": approvals}},
        ],
    }


def protect_as_the_project_does(github: FakeGitHub) -> None:
    [ruleset] = load_wanted(ROOT).rulesets
    github.rulesets[1] = {"id": 1, **ruleset}


def test_mergeability_that_is_worked_out_late_is_waited_for(
    forge: GitHubForge, author: Author, github: FakeGitHub
) -> None:
    github.settings.mergeable_after_reads = 4
    opened = author.open()
    forge.merge(opened.number, sha=opened.head_sha)
    merges = [request for request in github.requests if request.startswith("PUT")]
    assert merges == ["PUT /repos/owner/meters/pulls/1/merge"], "it asks once, when it may"


def test_mergeability_that_never_comes_ends_with_an_error(
    forge: GitHubForge, author: Author, github: FakeGitHub
) -> None:
    github.settings.mergeable_after_reads = 10**6
    opened = author.open()
    with pytest.raises(ForgeError, match="not computed") as caught:
        forge.merge(opened.number, sha=opened.head_sha)
    assert caught.value.can_heal
    assert opened.url in caught.value.remedy


def test_a_head_that_github_shows_late_is_waited_for(
    forge: GitHubForge, author: Author, opened: PullRequest, github: FakeGitHub
) -> None:
    github.settings.head_lag_reads = 3
    newer = author.push("promote/1", "model", b"newer\n")
    forge.merge(opened.number, sha=newer)
    assert github.pulls[1].state == "merged"


def test_a_head_that_moves_between_looking_and_merging_is_not_merged(
    forge: GitHubForge, author: Author, opened: PullRequest, github: FakeGitHub
) -> None:
    github.settings.mergeable_after_reads = 0
    github.settings.head_lag_reads = 1
    newer = author.push("promote/1", "model", b"newer\n")
    with pytest.raises(RemoteMovedError):
        forge.merge(opened.number, sha=opened.head_sha)
    assert github.pulls[1].head_sha == newer
    assert github.pulls[1].state == "open"


def test_a_base_that_moves_while_merging_is_told_so_that_everything_is_checked_anew(
    forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    message = "Base branch was modified. Review and try the merge again."
    github.fail_next(1, status=405, message=message, method="PUT", path="/merge")
    with pytest.raises(RemoteMovedError, match="main moved"):
        forge.merge(opened.number, sha=opened.head_sha)


@pytest.mark.parametrize("status", [502, 503])
def test_a_merge_whose_answer_is_lost_is_found_done(
    status: int, forge: GitHubForge, opened: PullRequest, github: FakeGitHub, repository: GitRepository
) -> None:
    github.fail_next(1, status=status, method="PUT", path="/merge", after=True)
    merged = forge.merge(opened.number, sha=opened.head_sha)
    repository.fetch()
    assert repository.head("main") == merged


def test_a_required_status_that_is_missing_is_named_with_what_to_do(
    forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    require(github, "ci")
    with pytest.raises(ForgeError, match=r"ci \(not posted\)") as caught:
        forge.merge(opened.number, sha=opened.head_sha)
    assert caught.value.can_heal
    assert "--ci-passed" in caught.value.remedy
    forge.set_status(opened.head_sha, PASSED)
    forge.merge(opened.number, sha=opened.head_sha)
    assert github.pulls[1].state == "merged"


def test_of_several_required_statuses_those_that_lack_are_named(
    forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    require(github, "ci", "lint", "docs")
    forge.set_status(opened.head_sha, PASSED)
    forge.set_status(opened.head_sha, Check(context="docs", state="failure", description=""))
    with pytest.raises(ForgeError) as caught:
        forge.merge(opened.number, sha=opened.head_sha)
    assert "Missing on" in str(caught.value)
    assert str(caught.value).endswith("lint (not posted), docs (failure).")


def test_classic_branch_protection_is_named_too(
    forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    github.protections["main"] = {"required_status_checks": {"contexts": ["ci"]}}
    with pytest.raises(ForgeError, match=r"ci \(not posted\)"):
        forge.merge(opened.number, sha=opened.head_sha)


def test_a_status_that_github_does_not_count_yet_is_waited_for(
    forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    require(github, "ci")
    forge.set_status(opened.head_sha, PASSED)
    expected = 'Repository rule violations found\n\nRequired status check "ci" is expected.\n\n'
    github.fail_next(2, status=405, message=expected, method="PUT", path="/merge")
    forge.merge(opened.number, sha=opened.head_sha)
    assert github.pulls[1].state == "merged"


@pytest.mark.parametrize("who", ["a person", "another app"])
def test_a_required_status_of_another_than_github_actions_does_not_count(
    who: str, forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    protect_as_the_project_does(github)
    forge.set_status(opened.head_sha, PASSED)
    github.statuses[-1] = replace(github.statuses[-1], app=None if who == "a person" else 1)
    with pytest.raises(ForgeError, match="expected"):
        forge.merge(opened.number, sha=opened.head_sha)
    forge.set_status(opened.head_sha, PASSED)
    forge.merge(opened.number, sha=opened.head_sha)


def test_a_needed_review_is_named(forge: GitHubForge, opened: PullRequest, github: FakeGitHub) -> None:
    require(github, approvals=1)
    with pytest.raises(ForgeError, match="approving review") as caught:
        forge.merge(opened.number, sha=opened.head_sha)
    assert "approve" in caught.value.remedy


def test_a_repository_without_merge_commits_says_which_setting(
    forge: GitHubForge, opened: PullRequest, github: FakeGitHub
) -> None:
    github.settings.allow_merge_commit = False
    with pytest.raises(ForgeError) as caught:
        forge.merge(opened.number, sha=opened.head_sha)
    assert "Allow merge commits" in caught.value.remedy


def test_a_repository_that_is_away_is_no_unknown_pull_request(github: FakeGitHub, author: Author) -> None:
    author.open()
    github.repository = "owner/renamed"
    with pytest.raises(ForgeError, match="no such thing") as caught:
        forge_on(github, repository="owner/meters").pull_request(1)
    assert not isinstance(caught.value, UnmergeableError)
