"""Deployments and Pages on GitHub: what it would refuse by default, and what a token must grant."""

from __future__ import annotations

import pytest

from fakes.github import FakeGitHub
from forges import Author, forge_on
from wms.adapters.github.forge import GitHubForge
from wms.core.errors import Code, ForgeError
from wms.core.ports import Check


def test_a_commit_behind_main_whose_check_failed_can_be_deployed(
    forge: GitHubForge, main: str, author: Author, github: FakeGitHub
) -> None:
    """By default GitHub merges main into it, and asks for all its statuses to be green."""
    forge.set_status(main, Check(context="other", state="failure", description=""))
    author.push("main", "model", b"newer\n")
    number = forge.record_deployment(environment="node-dev", sha=main, description="model v1")
    assert (github.deployments[number].sha, github.deployments[number].environment) == (main, "node-dev")
    assert forge.deployment_state(number) == "queued"


def test_a_success_makes_the_one_before_inactive_and_links_to_the_run(
    main: str, github: FakeGitHub, forge: GitHubForge
) -> None:
    forge._run_url = "https://github.example/run"
    numbers = [forge.record_deployment(environment="node-dev", sha=main, description="") for _ in range(2)]
    for number in numbers:
        forge.set_deployment_state(number, "success", description="model v1")
    assert [github.deployments[number].state for number in numbers] == ["inactive", "success"]
    assert github.deployments[numbers[1]].states == [("success", "model v1", "https://github.example/run")]


def test_a_success_leaves_one_that_was_none_as_it_is(
    main: str, github: FakeGitHub, forge: GitHubForge
) -> None:
    numbers = [forge.record_deployment(environment="node-dev", sha=main, description="") for _ in range(2)]
    forge.set_deployment_state(numbers[0], "queued", description="model v1")
    forge.set_deployment_state(numbers[1], "success", description="model v2")
    assert github.deployments[numbers[0]].state == "queued"
    forge.set_deployment_state(numbers[0], "inactive", description="replaced by model v2")
    assert forge.deployment_state(numbers[0]) == "inactive"


def test_a_token_that_may_not_deploy_is_told_what_it_lacks(main: str, github: FakeGitHub) -> None:
    forge = forge_on(github, token=github.new_actions_token(contents="write"))
    with pytest.raises(ForgeError) as caught:
        forge.record_deployment(environment="node-dev", sha=main, description="")
    assert caught.value.code is Code.PERMISSION
    assert "deployments=write" in caught.value.remedy


@pytest.mark.parametrize(
    ("pages", "address"),
    [("workflow", "https://owner.github.example/meters/"), ("legacy", None), (None, None)],
)
def test_a_page_has_an_address_only_if_a_workflow_may_publish_it(
    forge: GitHubForge, github: FakeGitHub, pages: str | None, address: str | None
) -> None:
    github.settings.pages = pages
    assert forge.page_url() == address


def test_pages_that_cannot_be_asked_for_are_an_error(github: FakeGitHub) -> None:
    github.settings.private = True
    forge = forge_on(github, token=github.new_actions_token(contents="read"))
    with pytest.raises(ForgeError, match="GitHub Pages"):
        forge.page_url()
