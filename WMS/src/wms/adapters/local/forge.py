"""The forge of the embedded default: pull requests on disk, merged in the bare remote by real Git."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from wms.adapters.git.cli import identity
from wms.adapters.git.refs import branch_tips
from wms.adapters.local.deployments import LocalDeployments
from wms.adapters.local.forge_files import (
    DESCRIPTION_MAX,
    CommitRecord,
    Dispatch,
    DispatchRecord,
    Issue,
    IssueRecord,
    PullRecord,
    StatusEntry,
    read_or,
)
from wms.core.errors import ForgeError, RemoteMovedError, UnmergeableError
from wms.core.files import read_record, write_record
from wms.core.ports import Check, Forge, PullRequest

MERGE_ATTEMPTS = 5
"""How often a merge is repeated because the base branch moved."""


class LocalForge(LocalDeployments, Forge):
    """`Forge` for a bare repository on this machine.

    Args:
        state: a folder for `pulls/`, `commits/`, `releases/`, `dispatches.json` and `issues.json`.
        remote: the bare repository with the branches. Merging needs Git 2.38 or newer.
    """

    def __init__(self, state: Path, remote: Path) -> None:
        super().__init__(state, remote)
        self._pulls, self._commits = state / "pulls", state / "commits"
        self._dispatches = state / "dispatches.json"
        self._issues = state / "issues.json"

    def open_pull_request(
        self, *, head: str, base: str, title: str, body: str, labels: Sequence[str] = ()
    ) -> PullRequest:
        with self._changing():
            numbers = self._numbers()
            for pull in map(self._pull, numbers):
                if pull.head == head and pull.state == "open":
                    both = tuple(dict.fromkeys((*pull.labels, *labels)))
                    return self._shown(self._write(pull.model_copy(update={"labels": both})))
            head_sha, base_sha = self._tip(head), self._tip(base)
            if head_sha is None or base_sha is None:
                raise ForgeError(f"no pull request from {head} to {base}: one of the branches does not exist")
            if self._reachable(head_sha, base_sha):
                raise ForgeError(f"no pull request from {head} to {base}: {base} has all its commits already")
            pull = PullRecord(
                number=max(numbers, default=0) + 1,
                head=head,
                head_sha=head_sha,
                base=base,
                title=title,
                body=body,
                state="open",
                opened_at=datetime.now(UTC),
                labels=tuple(labels),
            )
            return self._shown(self._write(pull))

    def pull_request(self, number: int) -> PullRequest:
        with self._changing():
            return self._shown(self._pull(number))

    def pull_requests(self, *, head_prefix: str, state: Literal["open", "all"]) -> tuple[PullRequest, ...]:
        with self._changing():
            found = [pull for pull in map(self._pull, self._numbers()) if pull.head.startswith(head_prefix)]
            return tuple(self._shown(pull) for pull in found if state == "all" or pull.state == "open")

    def merge(self, number: int, *, sha: str) -> str:
        with self._changing():
            pull = self._pull(number)
            if pull.state == "closed":
                raise UnmergeableError(
                    f"pull request #{number} is closed", remedy="Open a new one with `wms publish`."
                )
            if pull.head_sha != sha:
                now = pull.head_sha[:12]
                raise RemoteMovedError(f"{pull.head} of pull request #{number} is at {now}, not {sha[:12]}")
            if pull.merge_commit is not None:
                return pull.merge_commit
            merge_commit = self._merged_before(pull) or self._merge(pull)
            self._write(pull.model_copy(update={"state": "merged", "merge_commit": merge_commit}))
            return merge_commit

    def close(self, number: int, *, comment: str) -> None:
        with self._changing():
            pull = self._pull(number)
            if pull.state == "merged":
                raise ForgeError(f"pull request #{number} is merged and cannot be closed")
            self._write(pull.model_copy(update={"state": "closed", "comments": (*pull.comments, comment)}))

    def set_status(self, sha: str, check: Check) -> None:
        if len(check.description) > DESCRIPTION_MAX:
            raise ForgeError(f"the status {check.context!r} has more than {DESCRIPTION_MAX} characters")
        with self._changing():
            known = self._said_about(sha)
            entry = StatusEntry(state=check.state, description=check.description, at=datetime.now(UTC))
            statuses = {**known.statuses, check.context: entry}
            write_record(self._commit_file(sha), known.model_copy(update={"statuses": statuses}))

    def statuses(self, sha: str) -> tuple[Check, ...]:
        with self._changing():
            return tuple(
                Check(context=context, state=entry.state, description=entry.description)
                for context, entry in sorted(self._said_about(sha).statuses.items())
            )

    def ci_passed(self, sha: str) -> bool:
        return any(check.context == "ci" and check.state == "success" for check in self.statuses(sha))

    def comment(self, sha: str, body: str) -> None:
        with self._changing():
            known = self._said_about(sha)
            said = known.model_copy(update={"comments": (*known.comments, body)})
            write_record(self._commit_file(sha), said)

    def comments(self, sha: str) -> tuple[str, ...]:
        """All comments on a commit, oldest first."""
        with self._changing():
            return self._said_about(sha).comments

    def dispatch(self, workflow: str, inputs: Mapping[str, str]) -> None:
        with self._changing():
            asked = Dispatch(workflow=workflow, inputs=dict(inputs), at=datetime.now(UTC))
            known = read_or(self._dispatches, DispatchRecord()).dispatches
            write_record(self._dispatches, DispatchRecord(dispatches=(*known, asked)))

    def dispatches(self) -> tuple[Dispatch, ...]:
        """Every dispatched workflow, oldest first."""
        with self._changing():
            return read_or(self._dispatches, DispatchRecord()).dispatches

    def raise_issue(self, *, label: str, title: str, body: str) -> int:
        with self._changing():
            known = read_or(self._issues, IssueRecord()).issues
            write_record(self._issues, IssueRecord(issues={**known, label: Issue(title=title, body=body)}))
            return 1 + list({**known, label: None}).index(label)

    def issues(self) -> Mapping[str, Issue]:
        """The open issue of each label; nothing here closes one."""
        with self._changing():
            return read_or(self._issues, IssueRecord()).issues

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._pulls.glob("[0-9]*.json"))

    def _pull_file(self, number: int) -> Path:
        return self._pulls / f"{number}.json"

    def _commit_file(self, sha: str) -> Path:
        return self._commits / f"{sha}.json"

    def _write(self, pull: PullRecord) -> PullRecord:
        write_record(self._pull_file(pull.number), pull)
        return pull

    def _said_about(self, sha: str) -> CommitRecord:
        if not self._git.has_commit(sha):
            raise ForgeError(f"{self._git.folder} has no commit {sha}")
        return read_or(self._commit_file(sha), CommitRecord())

    def _pull(self, number: int) -> PullRecord:
        """A pull request; an open one follows its head branch and is closed when the branch is deleted."""
        if number not in self._numbers():
            raise UnmergeableError(f"there is no pull request #{number}")
        pull = read_record(self._pull_file(number), PullRecord)
        if pull.state != "open":
            return pull
        tip = self._tip(pull.head)
        if tip == pull.head_sha:
            return pull
        if tip is None:
            merge_commit = self._merged_before(pull)
            end = {"state": "merged" if merge_commit else "closed", "merge_commit": merge_commit}
            return self._write(pull.model_copy(update=end))
        return self._write(pull.model_copy(update={"head_sha": tip}))

    def _shown(self, pull: PullRecord) -> PullRequest:
        return PullRequest(
            number=pull.number,
            url=self._pull_file(pull.number).absolute().as_uri(),
            head=pull.head,
            head_sha=pull.head_sha,
            base=pull.base,
            title=pull.title,
            body=pull.body,
            state=pull.state,
            labels=pull.labels,
        )

    def _tip(self, branch: str) -> str | None:
        return branch_tips(self._git, "refs/heads/", branch).get(branch)

    def _reachable(self, sha: str, of: str) -> bool:
        return self._git.run("merge-base", "--is-ancestor", sha, of, ok=(0, 1)).code == 0

    def _merged_before(self, pull: PullRecord) -> str | None:
        """The merge commit of this head, if the process died after the merge but before recording it."""
        found = self._git.run(
            "rev-list", "--first-parent", "--merges", "--parents", f"refs/heads/{pull.base}"
        )
        for line in found.line.splitlines():
            merge_commit, *parents = line.split(" ")
            if pull.head_sha in parents[1:]:
                return merge_commit
        return None

    def _merge(self, pull: PullRecord) -> str:
        ref = f"refs/heads/{pull.base}"
        for _ in range(MERGE_ATTEMPTS):
            base = self._tip(pull.base)
            if base is None:
                raise ForgeError(f"pull request #{pull.number}: its base {pull.base} does not exist")
            merged = self._git.run(
                "merge-tree", "--write-tree", "--name-only", base, pull.head_sha, ok=(0, 1)
            )
            tree, *conflicts = merged.line.splitlines()
            if merged.code == 1:
                files = ", ".join(conflicts[: conflicts.index("")] if "" in conflicts else conflicts)
                raise UnmergeableError(
                    f"pull request #{pull.number} does not merge into {pull.base}: conflicts in {files}"
                )
            message = f"Merge pull request #{pull.number} from {pull.head}\n\n{pull.title}\n".encode()
            parents = ("-p", base, "-p", pull.head_sha)
            commit = self._git.run("commit-tree", tree, *parents, stdin=message, env=identity(self._git)).line
            if self._git.run("update-ref", ref, commit, base, ok=(0, 128)).code == 0:
                return commit
        raise ForgeError(
            f"pull request #{pull.number}: {pull.base} moved at each of {MERGE_ATTEMPTS} attempts"
        )
