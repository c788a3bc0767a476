"""GitHub's own ways: pages, limits, permissions, forks, lost answers, and the token."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fakes.github import FakeGitHub
from fakes.github.records import Pull
from fakes.github.wire import Refusal
from forges import QUICK, REPOSITORY, Author, forge_on
from servers import answering
from wms.adapters.git.repository import GitRepository
from wms.adapters.github.forge import BODY_MAX, GitHubForge
from wms.core.errors import ForgeError, InputError, UnmergeableError
from wms.core.ports import Check, Forge

PENDING = Check(context="ci", state="pending", description="")


def test_more_statuses_than_a_page_holds_are_all_read(
    forge: GitHubForge, main: str, github: FakeGitHub
) -> None:
    for number in range(250):
        forge.set_status(main, Check(context=f"c{number:03d}", state="pending", description=""))
    forge.set_status(main, Check(context="c000", state="success", description="the latest"))
    found = forge.statuses(main)
    assert len(found) == 250
    assert found[0] == Check(context="c000", state="success", description="the latest")


def test_more_pull_requests_than_a_page_holds_are_listed_oldest_first(
    forge: GitHubForge, github: FakeGitHub, main: str
) -> None:
    for number in range(1, 124):
        github.pulls[number] = Pull(
            number=number,
            head=f"promote/{number}",
            head_sha=main,
            head_repository=REPOSITORY,
            base="main",
            title="",
            body="",
            author=github.callers[github.user_token],
            state="closed",
        )
    listed = forge.pull_requests(head_prefix="promote/", state="all")
    assert [pull.number for pull in listed] == list(range(1, 124))


def test_a_pull_request_of_a_fork_is_not_ours_whatever_its_branch_is_called(
    forge: GitHubForge, author: Author, github: FakeGitHub
) -> None:
    opened = author.open()
    github.pulls[1].head_repository = "stranger/meters"
    assert forge.pull_requests(head_prefix="promote/", state="all") == ()
    again = forge.open_pull_request(head="promote/1", base="main", title="", body="")
    assert again.number != opened.number


def test_a_pull_request_that_somebody_opened_in_between_is_returned(
    forge: GitHubForge, author: Author, github: FakeGitHub
) -> None:
    opened = author.open()
    github.pulls[1].state = "closed"
    real = github.git.contains

    def somebody_opens(of: str, sha: str) -> bool:
        github.pulls[1].state = "open"
        github.git.contains = real  # type: ignore[method-assign]
        raise Refusal(422, "Validation Failed", errors=[{"message": "A pull request already exists for x."}])

    github.git.contains = somebody_opens  # type: ignore[method-assign]
    assert forge.open_pull_request(head="promote/1", base="main", title="", body="") == opened


def test_a_label_that_cannot_be_put_on_a_pull_request_is_said_and_no_error(
    forge: GitHubForge, author: Author, github: FakeGitHub, caplog: pytest.LogCaptureFixture
) -> None:
    author.push("promote/1", "model", b"new\n")
    github.fail_next(1, status=403, message="Resource not accessible by integration", path="/labels$")
    opened = forge.open_pull_request(head="promote/1", base="main", title="", body="", labels=["promotion"])
    assert (opened.state, opened.labels) == ("open", ())
    assert "putting the labels promotion on pull request #1" in caplog.text
    assert "under `permissions:` of the job" in caplog.text


def test_long_texts_are_cut_with_a_note(forge: GitHubForge, author: Author, github: FakeGitHub) -> None:
    sha = author.push("promote/1", "model", b"new\n")
    forge.comment(sha, "x" * BODY_MAX)
    forge.comment(sha, "x" * (BODY_MAX + 1))
    whole, shortened = github.comments
    assert whole.body == "x" * BODY_MAX
    assert len(shortened.body) == BODY_MAX
    assert shortened.body.endswith("is cut here.)")


def test_closing_says_why_before_it_closes(forge: GitHubForge, author: Author, github: FakeGitHub) -> None:
    author.open()
    forge.close(1, comment="main moved")
    assert [comment.body for comment in github.pulls[1].comments] == ["main moved"]
    writes = [request.split()[0] for request in github.requests if not request.startswith("GET")]
    assert writes == ["POST", "POST", "PATCH"]


def test_a_dispatch_goes_to_main_with_its_inputs_whatever_the_default_branch_is(
    forge: GitHubForge, github: FakeGitHub, main: str, repository: GitRepository
) -> None:
    repository.push(main, "trunk", expect=None)
    github.settings.default_branch = "trunk"
    forge.dispatch("deploy-model.yml", {"version": "3"})
    [asked] = github.dispatches
    assert (asked.workflow, asked.ref, asked.inputs) == ("deploy-model.yml", "main", {"version": "3"})


def test_a_workflow_that_is_not_there_is_named(forge: GitHubForge) -> None:
    with pytest.raises(ForgeError, match=r"no workflow other\.yaml on main") as caught:
        forge.dispatch("other.yaml", {})
    assert ".github/workflows/other.yaml" in caught.value.remedy


def test_a_secondary_rate_limit_is_waited_out_and_logged(
    forge: GitHubForge, main: str, github: FakeGitHub, caplog: pytest.LogCaptureFixture
) -> None:
    github.fail_next(2, status=403, headers={"Retry-After": "1"})
    forge.set_status(main, PENDING)
    assert [status.context for status in github.statuses] == ["ci"]
    assert "answered 403" in caplog.text
    assert "trying again in 1 s" in caplog.text


@pytest.mark.parametrize(
    ("conclusion", "app_id", "passed"),
    [("success", 15368, True), ("failure", 15368, False), ("success", 1, False)],
)
def test_a_check_run_ci_counts_if_github_actions_made_it(
    forge: GitHubForge, main: str, github: FakeGitHub, conclusion: str, app_id: int, passed: bool
) -> None:
    github.ci_ends(main, conclusion, app_id=app_id)
    assert forge.ci_passed(main) is passed


def test_a_status_ci_that_a_person_posted_does_not_count(
    forge: GitHubForge, main: str, github: FakeGitHub
) -> None:
    person = forge_on(github, token=github.user_token)
    person.set_status(main, Check(context="ci", state="success", description="trust me"))
    assert not forge.ci_passed(main)


def test_a_token_that_may_not_read_checks_is_an_error(main: str, github: FakeGitHub) -> None:
    github.settings.private = True  # Of a public repository everybody may read them.
    token = github.new_actions_token(statuses="write", contents="read")
    with pytest.raises(ForgeError):
        forge_on(github, token=token).ci_passed(main)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_passes_is_tried_again(status: int, forge: GitHubForge, main: str, github: FakeGitHub) -> None:
    github.fail_next(1, status=status)
    forge.set_status(main, PENDING)
    assert len(github.statuses) == 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_wait_that_is_too_long_is_an_error_that_says_how_long(
    status: int, forge: GitHubForge, main: str, github: FakeGitHub
) -> None:
    github.fail_next(1, status=status, headers={"Retry-After": "3000"})
    with pytest.raises(ForgeError, match="rate limit") as caught:
        forge.set_status(main, PENDING)
    assert "50 minutes" in caught.value.remedy
    assert caught.value.can_heal


def test_a_primary_rate_limit_far_from_its_reset_is_an_error(
    forge: GitHubForge, main: str, github: FakeGitHub
) -> None:
    headers = {"X-RateLimit-Reset": "99999999999", "X-RateLimit-Remaining": "0"}
    github.fail_next(1, message="API rate limit exceeded for installation ID 1.", headers=headers)
    with pytest.raises(ForgeError, match="rate limit"):
        forge.set_status(main, PENDING)


def test_errors_without_end_are_an_error(forge: GitHubForge, main: str, github: FakeGitHub) -> None:
    github.fail_next(10, status=503)
    with pytest.raises(ForgeError, match="kept answering"):
        forge.statuses(main)
    assert len(github.requests) == QUICK.attempts


def test_a_token_that_is_not_taken_is_told(github: FakeGitHub, main: str) -> None:
    with pytest.raises(ForgeError, match="Bad credentials") as caught:
        forge_on(github, token="ghs_wrong").statuses(main)
    assert "GITHUB_TOKEN" in caught.value.remedy


@pytest.mark.parametrize("granted", [{"statuses": "read", "contents": "read"}, {"contents": "write"}])
def test_a_permission_that_lacks_is_named(granted: dict[str, str], github: FakeGitHub, main: str) -> None:
    forge = forge_on(github, token=github.new_actions_token(**granted))
    with pytest.raises(ForgeError, match="Resource not accessible by integration") as caught:
        forge.set_status(main, PENDING)
    assert "statuses=write" in caught.value.remedy
    assert len(github.requests) == 2, "the repository and the status, which is not tried again"


def test_the_setting_that_forbids_actions_to_open_pull_requests_is_named(
    forge: GitHubForge, author: Author, github: FakeGitHub
) -> None:
    github.settings.actions_may_open_pull_requests = False
    with pytest.raises(ForgeError) as caught:
        author.open()
    assert "Allow GitHub Actions to create and approve pull requests" in caught.value.remedy


def test_a_repository_that_is_not_there_is_told(github: FakeGitHub, main: str) -> None:
    with pytest.raises(ForgeError) as caught:
        forge_on(github, repository="owner/other").pull_request(1)
    assert not isinstance(caught.value, UnmergeableError)
    assert "GITHUB_REPOSITORY" in caught.value.remedy


@pytest.mark.parametrize("repository", ["", "owner", "a/b/c", "https://github.com/a/b"])
def test_a_repository_must_be_owner_and_name(repository: str) -> None:
    with pytest.raises(InputError):
        GitHubForge(api_url="https://api.github.com", repository=repository, token="x")


def test_no_token_is_an_error() -> None:
    with pytest.raises(ForgeError):
        GitHubForge(api_url="https://api.github.com", repository="a/b", token="")


@pytest.mark.parametrize("spoil", ["wrong token", "no permission", "unreachable", "limit", "no repository"])
def test_the_token_is_in_no_log_and_no_error(
    spoil: str, github: FakeGitHub, main: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = github.new_actions_token(statuses="read" if spoil == "no permission" else "write")
    if spoil == "wrong token":
        token = token[::-1]
    if spoil == "limit":
        github.fail_next(1, headers={"Retry-After": "1000"})
    forge: Forge = forge_on(github, token=token, repository="o/r" if spoil == "no repository" else REPOSITORY)
    if spoil == "unreachable":
        github.__exit__()
    with pytest.raises(ForgeError) as caught:
        forge.set_status(main, PENDING)
    error: BaseException | None = caught.value
    said = [caplog.text, repr(forge), caught.value.remedy]
    while error is not None:
        said.append(repr(error) + str(error))
        error = error.__cause__ or error.__context__
    assert token not in "".join(said)


def test_a_github_that_does_not_answer_in_time_is_an_error(main: str) -> None:
    silent = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # accepts, and never answers
    patience = replace(QUICK, request_seconds=1, attempts=1)
    url = f"http://127.0.0.1:{silent.server_address[1]}"
    with pytest.raises(ForgeError, match="does not answer"):
        GitHubForge(api_url=url, repository="a/b", token="x", patience=patience).pull_request(1)
    silent.server_close()


@pytest.mark.parametrize(
    "call",
    [
        lambda forge: forge.pull_request(1),
        lambda forge: forge.pull_requests(head_prefix="", state="all"),
        lambda forge: forge.set_status("0" * 40, PENDING),
    ],
)
def test_a_proxy_that_answers_with_a_page_is_an_error(call: Callable[[Forge], object]) -> None:
    with answering(lambda *_: 200, body=b"<html>Please log in</html>") as port:
        address = f"http://127.0.0.1:{port}"
        forge = GitHubForge(api_url=address, repository="a/b", token="x", patience=QUICK)
        with pytest.raises(ForgeError, match="not from the GitHub API"):
            call(forge)
