"""A person's pairs, from a folder or from local commits, become a data branch on the remote."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from wms.core.context import Clone
from wms.core.errors import BranchTakenError, NoPicturesError, NothingToDoError
from wms.core.files import link_or_copy
from wms.core.production import main_head, manifest_at
from wms.core.records.base import Record
from wms.core.records.commits import LocalCommits
from wms.core.records.dataset import ValidationReport
from wms.data.commit_images import branch_name_of, commands_to_separate, pictures_of, places_of
from wms.data.plan import plan_folder
from wms.data.push_folder import INCOMING_PATH, branch_of, content_id, push_folder, pushed_files
from wms.data.status import DATA_PREFIX
from wms.data.validate import validate_folder

Outcome = Literal["pushed", "already pushed", "already in the dataset", "gone from the tip", "not pushed"]


class DataPush(Record):
    """What became of a push of pairs.

    `files` counts those in images/ and masks/. `validation` is missing where it was not asked for. For
    local commits, `carriers` are those with pictures and `commands` take the pictures out of the branch.
    """

    outcome: Outcome
    branch: str | None = None
    files: int = 0
    validation: ValidationReport | None = None
    carriers: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether findings stood against it."""
        return self.validation is not None and self.validation.blocked


def push_pairs(
    clone: Clone, folder: Path, *, branch: str | None = None, check: bool, dry_run: bool
) -> DataPush:
    """Check a folder against main's dataset and push it, unless findings block it.

    Args:
        clone: where main and its manifest are known.
        folder: holds images/ and masks/; it stays as it is.
        branch: a name for the data branch; by default it is made from the folder's name and content.
        check: whether to validate.
        dry_run: push nothing.

    Raises:
        NothingToDoError: no files, or every pair is in the dataset already.
        BranchTakenError: the branch that was named holds other files.
    """
    clone.repository.fetch()
    result = _push(clone, folder, name=branch or branch_of(folder), check=check, dry_run=dry_run)
    if result.outcome == "already in the dataset":
        raise NothingToDoError(
            f"every pair in {folder} is in the dataset already", remedy="Nothing need be done."
        )
    return result


def push_commits(
    clone: Clone, commits: LocalCommits, *, branch: str | None = None, check: bool, dry_run: bool
) -> DataPush:
    """Push the pictures that local commits carry, as they are at the tip; the commits stay as they are.

    Raises:
        NoPicturesError: they carry none.
        MisplacedPicturesError: where one belongs cannot be told.
        BranchTakenError: the branch that was named holds other files.
    """
    pictures = pictures_of(commits)
    if not pictures.paths:
        raise NoPicturesError(f"none of the {len(commits.commits)} commits carries a picture")
    clone.repository.fetch()
    told = {
        "carriers": pictures.carriers,
        "commands": commands_to_separate(commits, pictures, remote=clone.remote),
    }
    with tempfile.TemporaryDirectory(prefix="wms-commits-") as scratch:
        tree, folder = Path(scratch) / "tree", Path(scratch) / "pairs"
        clone.repository.export(commits.tip, "", tree)
        still = [path for path in pictures.paths if (tree / path).is_symlink() or (tree / path).is_file()]
        if not still:
            return DataPush(outcome="gone from the tip").model_copy(update=told)
        for path, place in places_of(still).items():
            _put(tree / path, folder / place)
        name = branch or branch_name_of(commits, content_id(folder))
        title = f"Data from {commits.branch or 'a commit'} at {commits.tip[:12]}"
        result = _push(clone, folder, name=name, title=title, check=check, dry_run=dry_run)
    return result.model_copy(update=told)


def _push(
    clone: Clone, folder: Path, *, name: str, title: str | None = None, check: bool, dry_run: bool
) -> DataPush:
    files = len(pushed_files(folder))
    there = _branch_with(clone, folder, name)
    if there is not None:
        return DataPush(outcome="already pushed", branch=there, files=files)
    report = None
    if check:
        main = manifest_at(clone.repository, main_head(clone.repository))
        plan = plan_folder(folder, manifest=main)
        if not (plan.pairs or plan.conflicts or plan.leftover):
            return DataPush(outcome="already in the dataset", files=files)
        report = validate_folder(clone, folder, plan=plan, quarantine=False)
    result = DataPush(outcome="not pushed", branch=name, files=files, validation=report)
    if dry_run or result.blocked:
        return result
    push_folder(folder, repository=clone.repository, branch=name, title=title)
    return result.model_copy(update={"outcome": "pushed"})


def _branch_with(clone: Clone, folder: Path, name: str) -> str | None:
    """The data branch that holds the same files already, whatever the first part of its name is.

    Raises:
        BranchTakenError: a branch of this very name holds others.
    """
    wanted, known = content_id(folder), clone.repository.branches(DATA_PREFIX)
    if name in known and not name.endswith(f"-{wanted}"):
        with tempfile.TemporaryDirectory(prefix="wms-branch-") as scratch:
            held = Path(scratch) / "pairs"
            clone.repository.export(name, INCOMING_PATH, held)
            if not pushed_files(held) or content_id(held) != wanted:
                raise BranchTakenError(f"{name} is on {clone.remote} already and holds other files")
        return name
    return next((branch for branch in known if branch.endswith(f"-{wanted}")), None)


def _put(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        place.symlink_to(source.readlink())
    else:
        link_or_copy(source, place)
