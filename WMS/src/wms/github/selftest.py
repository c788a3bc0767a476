"""The self-test on real GitHub: two promotions, a hold and a rollback on rendered images, then the cleanup.

It runs only where there is nothing to lose: no data, no model, no state. Its marker, a commit on top of main
at a ref of its own, lists the samples that it pushed.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wms.core.errors import Code, InputError
from wms.core.ports import Forge, Repository
from wms.core.production import MAIN, main_head, metadata_at
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest
from wms.core.records.promotion import GENERATED_PATHS, MANIFEST_PATH, promotion_branch
from wms.core.records.release import release_tag
from wms.data.push import push_folder
from wms.data.status import DATA_PREFIX
from wms.promotion.tested import ci_evidence, code_that_passed, post_ci, require_generated_only

PIPELINE, ROLLBACK, OWN = "training-data-pipeline.yaml", "rollback.yml", "selftest.yml"
MARKER, MARKER_FILE = "refs/wms/selftest", "selftest.json"
TAGS = "model-v"
MADE = ("refs/wms/*", f"refs/tags/{TAGS}*", "refs/heads/promote/*", "refs/heads/rollback/*")
"""What runs create beside main and the data branches: none of it is there before or afterwards."""

FIRST, SECOND = f"{DATA_PREFIX}selftest-1", f"{DATA_PREFIX}selftest-2"
CLEAN_UP = "selftest-clean-up"
PAIRS = {FIRST: (0, 90), SECOND: (90, 160)}
"""First number and count of each push, as in the demo: few enough for minutes, enough for the gate."""

SEED = 7
SMALL = "image_size_px=128 base_width=16 batch_size=4 ema_decay=0.95"
LEARNING = f"{SMALL} learning_rate=0.006 epochs=50 max_minutes=6"
IDLING = f"{SMALL} init=scratch learning_rate=0.0000001 epochs=1 max_minutes=1"
"""Trainings of a few minutes: the demo's, and one that learns nothing."""

WritePairs = Callable[[Path, int, int], object]
"""Writes pairs to a folder: from which number on, and how many."""


class _Workflows(Protocol):
    """See `GitHubActions`."""

    poll_seconds: float

    def start(self, workflow: str, inputs: dict[str, str], *, branch: str) -> int: ...
    def conclusion(self, run: int) -> str | None: ...
    def url(self, run: int) -> str: ...
    def any_unfinished(self, *, but: str) -> bool: ...
    def delete_releases(self, prefix: str) -> None: ...


class _Refs(Protocol):
    """See `RemoteRefs`."""

    def matching(self, *patterns: str) -> dict[str, str]: ...
    def create(self, ref: str, sha: str) -> None: ...
    def fetch(self, ref: str) -> str: ...
    def delete(self, refs: list[str]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """What the self-test acts on.

    `refs` are the state, the marker and the tags. `patience_seconds` is how long one run may take, with the
    wait for other runs.
    """

    repository: Repository
    forge: Forge
    workflows: _Workflows
    refs: _Refs
    progress: Progress
    patience_seconds: float = 3600.0

    def run(self, write_pairs: WritePairs) -> None:
        """Run all chapters and check each one.

        Raises:
            InputError: there is something to lose; nothing was changed; or a check failed.
        """
        self.repository.fetch()
        start = main_head(self.repository)
        self._require_nothing_to_lose(start)
        with tempfile.TemporaryDirectory(prefix="wms-selftest-") as scratch:
            self._push(Path(scratch), start, write_pairs)
        first = self._promote("first promotion", FIRST, seed=75)
        self._hold(SECOND)
        self._promote("second promotion", SECOND, seed=100, after=first)
        self._roll_back(to=first)

    def clean_up(self) -> bool:
        """Restore everything; false where no self-test left anything. It can be repeated.

        Raises:
            InputError: main has data of others, or the restoring pull request cannot be merged.
        """
        if MARKER not in self.refs.matching(MARKER):
            return False
        self._until("the runs to end", lambda: not self.workflows.any_unfinished(but=OWN))
        self.repository.fetch()
        marker = self.refs.fetch(MARKER)
        (start,) = self.repository.parents(marker)
        self._require_own(marker)
        self._restore_main(start)
        self.workflows.delete_releases(TAGS)
        branches = [f"refs/heads/{name}" for name in (FIRST, SECOND, CLEAN_UP)]
        self.refs.delete([*self.refs.matching(*MADE, *branches)])
        return True

    def _require_nothing_to_lose(self, start: str) -> None:
        repository = self.repository
        there = {
            "a model": metadata_at(repository, start) is not None,
            "a dataset": repository.read_file(start, MANIFEST_PATH) is not None,
            "data branches": bool(repository.branches(DATA_PREFIX)),
            "what earlier runs or a self-test left": bool(self.refs.matching(*MADE)),
        }
        found = [what for what, is_there in there.items() if is_there]
        if found:
            raise InputError(
                f"the self-test restores an empty repository at its end, but here is {', '.join(found)}",
                Code.OCCUPIED_REPOSITORY,
                remedy="Run it in a new repository made from the template (`wms github fresh` first).",
            )
        if code_that_passed(start, repository, self.forge) is None:
            raise InputError(
                f"ci has not passed on main ({start[:12]}), and the self-test needs that to restore main",
                Code.SELF_TEST,
                remedy="Press *Run workflow* of `CI` on main, then start the self-test again.",
            )

    def _push(self, scratch: Path, start: str, write_pairs: WritePairs) -> None:
        stems: list[str] = []
        folders = {branch: scratch / branch.rpartition("/")[2] for branch in PAIRS}
        for branch, folder in folders.items():
            write_pairs(folder, *PAIRS[branch])
            stems += [path.stem for path in (folder / "images").iterdir()]
        known = json.dumps({"stems": sorted(stems)}).encode()
        marker = self.repository.commit(start, {MARKER_FILE: known}, message="What the self-test pushes")
        self.refs.create(MARKER, marker)
        for branch, folder in folders.items():
            push_folder(
                folder, repository=self.repository, branch=branch, title="Rendered images of the self-test"
            )

    def _promote(self, chapter: str, branch: str, *, seed: int, after: int = 0) -> int:
        """Expect a promotion; return the version of its model, which is newer than `after`."""
        self._run(chapter, PIPELINE, {"branches": branch, **_training(seed, LEARNING)})
        model = metadata_at(self.repository, main_head(self.repository))
        if model is None or model.version <= after:
            raise _failed(f"{chapter}: main names no model newer than v{after}")
        pulls = self.forge.pull_requests(head_prefix=promotion_branch(model.run_id), state="all")
        if [pull.state for pull in pulls] != ["merged"]:
            raise _failed(f"{chapter}: its pull request is not merged")
        posted = {check.context: check.state for check in self.forge.statuses(pulls[0].head_sha)}
        lacking = [name for name in ("ci", "wms/quality-gate") if posted.get(name) != "success"]
        if lacking:
            raise _failed(f"{chapter}: no success of {', '.join(lacking)} on {pulls[0].url}")
        if release_tag(model.version) not in {release.tag for release in self.forge.releases()}:
            raise _failed(f"{chapter}: there is no release {release_tag(model.version)}")
        if self.repository.head(branch) is not None:
            raise _failed(f"{chapter}: {branch} is in the dataset but was not deleted")
        return model.version

    def _hold(self, branch: str) -> None:
        before = main_head(self.repository)
        self._run("hold", PIPELINE, {"branches": branch, **_training(20, IDLING)})
        head = self.repository.head(branch)
        if main_head(self.repository) != before or head is None:
            raise _failed("hold: main moved, or the data branch is gone")
        if "wms/verdict" not in {check.context for check in self.forge.statuses(head)}:
            raise _failed(f"hold: {branch} has no status with its verdict")

    def _roll_back(self, *, to: int) -> None:
        self._run("rollback", ROLLBACK, {"reason": "the self-test"})
        model = metadata_at(self.repository, main_head(self.repository))
        if model is None or (model.version, model.kind) != (to, "rollback"):
            raise _failed(f"rollback: main does not name model v{to} again")

    def _run(self, chapter: str, workflow: str, inputs: dict[str, str]) -> None:
        run = self.workflows.start(workflow, inputs, branch=MAIN)
        self.progress.say(f"{chapter}: {self.workflows.url(run)}")
        self._until(f"{chapter} to end", lambda: self.workflows.conclusion(run) is not None)
        if self.workflows.conclusion(run) != "success":
            ended = f"{self.workflows.conclusion(run)}: {self.workflows.url(run)}"
            raise _failed(f"{chapter}: its run ended with {ended}")
        self.repository.fetch()

    def _until(self, what: str, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.patience_seconds
        while not done():
            if time.monotonic() >= deadline:
                raise _failed(f"waited {self.patience_seconds / 60:.0f} minutes for {what}")
            time.sleep(self.workflows.poll_seconds)

    def _require_own(self, marker: str) -> None:
        """Check that main's dataset has only samples of the self-test, so that nobody loses data."""
        listed = self.repository.read_file(marker, MARKER_FILE)
        manifest = self.repository.read_file(main_head(self.repository), MANIFEST_PATH)
        own = set(json.loads(listed or b"{}").get("stems", ()))
        samples = DatasetManifest.from_jsonl(manifest or b"", source=MANIFEST_PATH).samples
        others = [sample.stem for sample in samples if sample.stem not in own]
        branches = set(self.repository.branches(DATA_PREFIX)) - {FIRST, SECOND}
        found = (
            f"main's dataset has samples of others ({len(others)}), such as {others[0]!r}" if others else ""
        )
        if branches:
            found = f"somebody pushed {', '.join(sorted(branches))} during the self-test"
        if found:
            remedy = f"Keep the data. To end the self-test: git push origin --delete {MARKER}"
            raise InputError(found, Code.SELF_TEST, remedy=remedy)

    def _restore_main(self, start: str) -> None:
        repository, main_sha = self.repository, main_head(self.repository)
        files = {path: repository.read_file(start, path) for path in GENERATED_PATHS}
        changed = [path for path in repository.changed_paths(start, main_sha) if path in files]
        if not changed:
            return
        title = "Restore main as it was before the self-test"
        commit = repository.commit(main_sha, {path: files[path] for path in changed}, message=title)
        repository.push(commit, CLEAN_UP, expect=repository.head(CLEAN_UP))
        pull = self.forge.open_pull_request(
            head=CLEAN_UP, base=MAIN, title=title, body=f"The generated files are those of {start}."
        )
        require_generated_only(repository, base_sha=main_sha, commit_sha=commit)
        evidence = ci_evidence(commit, repository, self.forge, base_sha=main_sha, main_sha=main_sha)
        if evidence is None:
            raise InputError(
                f"main moved during the self-test and has not passed ci, so {pull.url} is not merged",
                Code.SELF_TEST,
                remedy="Merge that pull request, then press *Re-run failed jobs* on the self-test's page.",
            )
        post_ci(self.forge, commit, evidence)
        self.forge.merge(pull.number, sha=commit)
        repository.fetch()


def _failed(what: str) -> InputError:
    return InputError(what, Code.SELF_TEST)


def _training(seed: int, configuration: str) -> dict[str, str]:
    return {"seed": str(seed), "configuration": configuration, "reason": "the self-test"}
