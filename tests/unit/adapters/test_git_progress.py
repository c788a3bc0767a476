"""A large push tells how far it is: every file that is stored, every percent that is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from clones import Project
from wms.adapters.git.repository import GitRepository
from wms.core.errors import RepositoryError

T = TypeVar("T")


class Recorder:
    """Counts what each label was told of."""

    def __init__(self) -> None:
        self.steps: Counter[str] = Counter()
        self.totals: dict[str, int] = {}

    def track(self, items: Iterable[T], *, label: str, total: int) -> Iterator[T]:
        self.totals[label] = total
        for item in items:
            self.steps[label] += 1
            yield item

    def say(self, text: str) -> None: ...


def test_files_and_percents_are_told_to_their_ends(project: Project, tmp_path: Path) -> None:
    for number in range(30):
        path = tmp_path / f"new/{number}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([number]) * 1000)
    progress = Recorder()
    repository = GitRepository(project.root, progress=progress)
    head = repository.head("main")
    assert head is not None
    sha = repository.commit_folder(head, tmp_path / "new", under="new", message="many")
    repository.push(sha, "data/many", expect=None)
    assert progress.steps == {"Storing files": 30, "Sending, percent": 100} == progress.totals
    assert project.branches()["data/many"] == sha


def test_a_push_that_fails_still_tells_why(project: Project) -> None:
    repository = GitRepository(project.root, progress=Recorder())
    head = repository.head("main")
    assert head is not None
    project.git("remote", "set-url", "origin", str(project.remote.with_name("nowhere.git")))
    with pytest.raises(RepositoryError, match=r"does not appear to be a git repository|Could not read"):
        repository.push(head, "data/x", expect=None)
