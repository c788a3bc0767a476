"""Turn a folder of pairs into a data branch on the remote, as a user's push would."""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path

from wms.core.errors import NothingToDoError
from wms.core.files import link_or_copy, sha256_file
from wms.core.ports import Repository
from wms.core.production import main_head
from wms.core.records.base import sha256_hex
from wms.data.incoming import FILL_FOLDER, KEEPERS, PARTS
from wms.data.status import DATA_PREFIX

logger = logging.getLogger(__name__)

INCOMING_PATH = "WMS/data/incoming"
_LISTED = 5
"""How many files that are not pushed a warning names."""


def push_folder(
    folder: Path, *, repository: Repository, branch: str | None = None, title: str | None = None
) -> str:
    """Push `folder/images` and `folder/masks` as one commit on a branch of their own.

    The branch is named by the folder and its content, so pushing the same files again finds the
    branch that is there. Of another name, it is taken to hold the same files if it is there.

    Args:
        folder: the pairs.
        repository: where they go.
        branch: another name for the branch.
        title: the commit's message; by default it names the folder.

    Returns:
        The branch's name.

    Raises:
        NothingToDoError: the folder holds no files in images/ or masks/.
    """
    branch, files = branch or branch_of(folder), pushed_files(folder)
    outside = sorted(path.name for path in folder.iterdir() if path.name not in (*PARTS, *KEEPERS))
    if outside:
        more = " and more" if len(outside) > _LISTED else ""
        logger.warning(
            "not pushed, for they lie outside images/ and masks/: %s%s", ", ".join(outside[:_LISTED]), more
        )
    repository.fetch()
    if repository.head(branch) is not None:
        return branch
    parent = main_head(repository)
    with tempfile.TemporaryDirectory(prefix="wms-push-") as scratch:
        staging = Path(scratch)
        for path in files:
            target = staging / path.relative_to(folder)
            if path.is_symlink():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(path.readlink())
            else:
                link_or_copy(path, target)
        sha = repository.commit_folder(
            parent, staging, under=INCOMING_PATH, message=title or f"Data from {folder.resolve().name}"
        )
    repository.push(sha, branch, expect=None)
    repository.fetch()
    return branch


def branch_of(folder: Path) -> str:
    """The name of the branch that a folder is pushed as; nothing is pushed.

    Raises:
        NothingToDoError: the folder holds no files in images/ or masks/.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "data"
    return f"{DATA_PREFIX}{slug}-{content_id(folder)}"


def content_id(folder: Path) -> str:
    """Eight hexadecimal digits that stand for the names and bytes of the files that are pushed.

    Raises:
        NothingToDoError: the folder holds no files in images/ or masks/.
    """
    files = pushed_files(folder)
    if not files:
        raise NothingToDoError(
            f"{folder} holds no files in images/ or masks/",
            remedy=FILL_FOLDER,
        )
    rows = [
        [str(path.relative_to(folder)), "link" if path.is_symlink() else sha256_file(path)] for path in files
    ]
    return sha256_hex(repr(rows).encode("utf-8", "surrogateescape"))[:8]


def pushed_files(folder: Path) -> list[Path]:
    """What is pushed: every file in images/ and masks/. A link is pushed as one, for validation to name."""
    found: list[Path] = []
    for part in (folder / name for name in PARTS):
        found += [part] if part.is_symlink() else filter(_is_file, sorted(part.rglob("*")))
    return found


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()
