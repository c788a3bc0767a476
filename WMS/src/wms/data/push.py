"""Pairs, from a folder or from local commits, become a data branch on the remote, as a user's push would."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from wms.core.context import Clone
from wms.core.errors import Code, InputError, NothingToDoError
from wms.core.files import link_or_copy, sha256_file
from wms.core.names import is_leftover
from wms.core.ports import Repository
from wms.core.production import main_head, manifest_at
from wms.core.records.base import Record, sha256_hex
from wms.core.records.commits import LocalCommits
from wms.core.records.dataset import ValidationReport
from wms.core.words import counted, first_of
from wms.data.commit_images import branch_name_of, commands_to_separate, images_of, places_of
from wms.data.incoming import FILL_FOLDER, INCOMING_PATH, KEEPERS, PARTS, scan
from wms.data.plan import plan_folder
from wms.data.status import DATA_PREFIX
from wms.data.validate import validate_folder
from wms.interchange.advice import refuse_other_forms

logger = logging.getLogger(__name__)

_LISTED = 5
"""How many files that are not pushed a warning names."""

_LINK = "link"
"""In place of a link's SHA-256."""

Outcome = Literal["pushed", "already pushed", "already in the dataset", "gone from the tip", "not pushed"]


class DataPush(Record):
    """What became of a push of pairs.

    `files` counts those in images/ and masks/. `validation` is missing if it was not asked for. For
    local commits, `carriers` are those with images and `commands` remove the images from the branch.
    """

    outcome: Outcome
    branch: str | None = None
    files: int = 0
    validation: ValidationReport | None = None
    carriers: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Upload:
    """The files of a folder that are pushed: all in images/ and masks/ that a person put there.

    A link is pushed as a link, for validation to report. `digests` has the SHA-256 of each file by its path
    below the folder.
    """

    folder: Path
    digests: Mapping[str, str]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """List and hash a folder's files.

        Raises:
            InputError: there are none, but something that another command takes.
            NothingToDoError: there are none.
        """
        found: list[Path] = []
        for part in (folder / name for name in PARTS):
            inside = [part] if part.is_symlink() else sorted(part.rglob("*"))
            found += [
                path
                for path in inside
                if (path.is_symlink() or path.is_file())
                and not any(map(is_leftover, path.relative_to(folder).parts))
            ]
        if not found:
            refuse_other_forms(folder)
            raise NothingToDoError(f"{folder} holds no files in images/ or masks/", remedy=FILL_FOLDER)
        digests = {
            str(path.relative_to(folder)): _LINK if path.is_symlink() else sha256_file(path) for path in found
        }
        return cls(folder=folder, digests=digests)

    @property
    def content_id(self) -> str:
        """Eight hexadecimal digits that stand for the files' names and bytes."""
        rows = [list(row) for row in self.digests.items()]
        return sha256_hex(repr(rows).encode("utf-8", "surrogateescape"))[:8]

    @property
    def branch(self) -> str:
        """A branch name made from the folder's name and content: the same files, the same name."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.folder.resolve().name.lower()).strip("-") or "data"
        return f"{DATA_PREFIX}{slug}-{self.content_id}"

    def push(self, repository: Repository, *, branch: str, title: str | None = None) -> None:
        """Push the files as one commit on a branch from main, unless the remote has the branch."""
        outside = sorted(
            path.name
            for path in self.folder.iterdir()
            if path.name not in (*PARTS, *KEEPERS) and not is_leftover(path.name)
        )
        if outside:
            logger.warning("not pushed, because not in images/ or masks/: %s", first_of(outside, _LISTED))
        repository.fetch()
        if repository.head(branch) is not None:
            return
        with tempfile.TemporaryDirectory(prefix="wms-push-") as scratch:
            for path in self.digests:
                _copy(self.folder / path, Path(scratch) / path)
            sha = repository.commit_folder(
                main_head(repository),
                Path(scratch),
                under=INCOMING_PATH,
                message=title or f"Data from {self.folder.resolve().name}",
            )
        repository.push(sha, branch, expect=None)
        repository.fetch()


def push_folder(
    folder: Path, *, repository: Repository, branch: str | None = None, title: str | None = None
) -> str:
    """Push `folder/images` and `folder/masks`, unchecked, and return the branch's name.

    If the remote has the branch already, nothing is pushed. By default the branch is named by the files, so
    pushing the same files twice makes one branch; the default commit message names the folder.

    Raises:
        InputError: the folder has no pairs, but something that another command takes.
        NothingToDoError: the folder holds no files in images/ or masks/.
    """
    upload = Upload.of(folder)
    if not scan(folder, ".").pairs:
        refuse_other_forms(folder)
    name = branch or upload.branch
    upload.push(repository, branch=name, title=title)
    return name


def push_pairs(
    clone: Clone, folder: Path, *, branch: str | None = None, check: bool, dry_run: bool
) -> DataPush:
    """Check a folder against main's dataset and push it, unless findings block it.

    The folder does not change. By default the branch is named by the folder's name and content.

    Raises:
        NothingToDoError: no files, or every pair is in the dataset already.
        InputError: the remote's branch of this name holds other files.
    """
    clone.repository.fetch()
    upload = Upload.of(folder)
    result = _push(clone, upload, name=branch or upload.branch, check=check, dry_run=dry_run)
    if result.outcome == "already in the dataset":
        raise NothingToDoError(
            f"every pair in {folder} is in the dataset already", remedy="No action needed."
        )
    return result


def push_commits(
    clone: Clone, commits: LocalCommits, *, branch: str | None = None, check: bool, dry_run: bool
) -> DataPush:
    """Push the images of local commits, as they are at the tip; the commits do not change.

    Raises:
        InputError: the commits have no images; or it is not clear where an image belongs; or the remote's
            branch of this name holds other files.
    """
    images = images_of(commits)
    if not images.paths:
        raise InputError(f"no image in {counted(len(commits.commits), 'commit')}", Code.NO_IMAGES)
    clone.repository.fetch()
    told = {
        "carriers": images.carriers,
        "commands": commands_to_separate(commits, images, remote=clone.remote),
    }
    with tempfile.TemporaryDirectory(prefix="wms-commits-") as scratch:
        tree, folder = Path(scratch) / "tree", Path(scratch) / "pairs"
        clone.repository.export(commits.tip, "", tree)
        still = [path for path in images.paths if (tree / path).is_symlink() or (tree / path).is_file()]
        if not still:
            return DataPush(outcome="gone from the tip").model_copy(update=told)
        for path, place in places_of(still).items():
            _copy(tree / path, folder / place)
        upload = Upload.of(folder)
        name = branch or branch_name_of(commits, upload.content_id)
        title = f"Data from {commits.branch or 'a commit'} at {commits.tip[:12]}"
        result = _push(clone, upload, name=name, title=title, check=check, dry_run=dry_run)
    return result.model_copy(update=told)


def _push(
    clone: Clone, upload: Upload, *, name: str, title: str | None = None, check: bool, dry_run: bool
) -> DataPush:
    repository, files = clone.repository, len(upload.digests)
    there = _branch_with(clone, upload, name)
    if there is not None:
        return DataPush(outcome="already pushed", branch=there, files=files)
    report = None
    if check:
        main = manifest_at(repository, main_head(repository))
        plan = plan_folder(upload.folder, manifest=main)
        if not (plan.pairs or plan.conflicts or plan.leftover):
            return DataPush(outcome="already in the dataset", files=files)
        report = validate_folder(clone, upload.folder, plan=plan, quarantine=False)
    result = DataPush(outcome="not pushed", branch=name, files=files, validation=report)
    if dry_run or (report is not None and report.blocked):
        return result
    upload.push(repository, branch=name, title=title)
    return result.model_copy(update={"outcome": "pushed"})


def _branch_with(clone: Clone, upload: Upload, name: str) -> str | None:
    """The data branch that holds the same files already, possibly under another name.

    Raises:
        InputError: the branch of this very name holds other files.
    """
    same, known = f"-{upload.content_id}", clone.repository.branches(DATA_PREFIX)
    if name in known and not name.endswith(same):
        with tempfile.TemporaryDirectory(prefix="wms-branch-") as scratch:
            held = Path(scratch) / "pairs"
            clone.repository.export(name, INCOMING_PATH, held)
            try:
                equal = Upload.of(held).digests == upload.digests
            except NothingToDoError:
                equal = False
        if not equal:
            raise InputError(f"{name} is on {clone.remote} already and holds other files", Code.BRANCH_TAKEN)
        return name
    return next((branch for branch in known if branch.endswith(same)), None)


def _copy(source: Path, target: Path) -> None:
    """A link stays a link."""
    if source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.readlink())
    else:
        link_or_copy(source, target)
