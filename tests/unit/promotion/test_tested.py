"""What earns the status `ci`: code on which it passed, with nothing but generated files changed since."""

from __future__ import annotations

from pathlib import Path

import pytest

from wms.adapters.git.repository import GitRepository
from wms.adapters.git.workspace import init_repository
from wms.adapters.local.forge import LocalForge
from wms.core.errors import InputError, RecordError
from wms.core.ports import Check
from wms.core.records.promotion import GENERATED_PATHS, METADATA_PATH
from wms.promotion.tested import ci_evidence, code_that_passed, post_ci, require_generated_only


class Main:
    """A repository whose main grows by promotions and by people's commits."""

    def __init__(self, folder: Path) -> None:
        init_repository(folder / "clone", folder / "remote.git", {"code.py": b"1\n"}, message="First")
        self.repository = GitRepository(folder / "clone")
        self.forge = LocalForge(folder / "forge", folder / "remote.git")

    @property
    def head(self) -> str:
        self.repository.fetch()
        sha = self.repository.head("main")
        assert sha is not None
        return sha

    def passes(self, sha: str) -> None:
        self.forge.set_status(sha, Check(context="ci", state="success", description=""))

    def commit(self, parent: str, path: str = METADATA_PATH, data: bytes = b"new\n") -> str:
        return self.repository.commit(parent, {path: data}, message=f"Change {path}")

    def change_code(self, data: bytes) -> str:
        """A person's commit on main."""
        sha = self.commit(self.head, "code.py", data)
        self.repository.push(sha, "main", expect=self.head)
        return sha

    def promote(self, name: str, *, on: str | None = None, earned: bool = True) -> str:
        """A promotion, merged; the merge commit."""
        sha = self.commit(on or self.head, data=name.encode())
        self.repository.push(sha, f"promote/{name}", expect=None)
        opened = self.forge.open_pull_request(head=f"promote/{name}", base="main", title=name, body="")
        if earned:
            self.passes(sha)
        merge_sha = self.forge.merge(opened.number, sha=sha)
        self.repository.fetch()
        return merge_sha

    def evidence(self, commit: str, *, base: str, ci_passed: str | None = None) -> str | None:
        return ci_evidence(
            commit,
            base_sha=base,
            main_sha=self.head,
            ci_passed=ci_passed,
            repository=self.repository,
            forge=self.forge,
        )

    def tested(self, rev: str) -> str | None:
        return code_that_passed(rev, repository=self.repository, forge=self.forge)


@pytest.fixture
def main(tmp_path: Path) -> Main:
    return Main(tmp_path)


def test_on_main_that_passed_a_promotion_has_earned_it_and_the_status_says_why(main: Main) -> None:
    base = main.head
    main.passes(base)
    promotion = main.commit(base)
    said = main.evidence(promotion, base=base)
    assert said is not None
    assert said.startswith(f"ci passed on {base[:12]}; ")
    main.repository.push(promotion, "promote/1", expect=None)
    post_ci(main.forge, promotion, said)
    assert main.forge.statuses(promotion) == (Check(context="ci", state="success", description=said),)


def test_on_main_that_did_not_pass_nothing_is_posted(main: Main) -> None:
    base = main.head
    promotion = main.commit(base)
    assert main.evidence(promotion, base=base) is None
    main.repository.push(promotion, "promote/1", expect=None)
    post_ci(main.forge, promotion, None)
    assert main.forge.statuses(promotion) == ()


def test_main_on_which_ci_failed_has_earned_nothing(main: Main) -> None:
    main.forge.set_status(main.head, Check(context="ci", state="failure", description=""))
    assert main.tested(main.head) is None


def test_ci_that_ran_on_the_commit_itself_is_enough(main: Main) -> None:
    base = main.head
    promotion = main.commit(base)
    assert main.evidence(promotion, base=base, ci_passed=promotion) == "ci ran on this commit and passed"


def test_ci_that_ran_on_another_commit_is_refused(main: Main) -> None:
    base = main.head
    with pytest.raises(InputError):
        main.evidence(main.commit(base), base=base, ci_passed=base)


def test_merges_of_promotions_are_followed_back_to_what_passed(main: Main) -> None:
    main.passes(main.head)
    for name in ("one", "two", "three"):
        main.promote(name)
    assert main.tested(main.head) is not None


def test_a_merge_of_a_promotion_that_earned_nothing_is_followed_to_main_before_it(main: Main) -> None:
    first = main.head
    main.passes(first)
    assert main.tested(main.promote("one", earned=False)) == first


def test_a_promotion_merged_into_newer_code_stands_on_that_code(main: Main) -> None:
    old = main.head
    main.passes(old)
    newer = main.change_code(b"2\n")
    merged = main.promote("one", on=old)
    assert main.tested(merged) is None
    main.passes(newer)
    assert main.tested(merged) == newer


def test_a_persons_commit_on_top_of_promotions_has_to_pass_by_itself(main: Main) -> None:
    main.passes(main.head)
    main.promote("one")
    assert main.tested(main.change_code(b"2\n")) is None


def test_where_the_base_failed_and_main_is_mended_the_promotion_has_earned_it(main: Main) -> None:
    base = main.head
    promotion = main.commit(base)
    assert main.evidence(promotion, base=base) is None
    main.passes(main.change_code(b"mended\n"))
    assert main.evidence(promotion, base=base) is not None


@pytest.mark.parametrize("path", GENERATED_PATHS)
def test_a_generated_file_may_change(main: Main, path: str) -> None:
    base = main.head
    require_generated_only(main.repository, base_sha=base, commit_sha=main.commit(base, path))


def test_a_promotion_that_changes_code_is_none(main: Main) -> None:
    base = main.head
    with pytest.raises(RecordError, match=r"code\.py differs"):
        require_generated_only(main.repository, base_sha=base, commit_sha=main.commit(base, "code.py"))


def test_a_promotion_of_two_commits_is_none(main: Main) -> None:
    base = main.head
    second = main.commit(main.commit(base), data=b"newer\n")
    with pytest.raises(RecordError, match="its parent differs"):
        require_generated_only(main.repository, base_sha=base, commit_sha=second)
