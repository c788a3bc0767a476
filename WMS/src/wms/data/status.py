"""The dataset on main, and the data branches that wait or were held."""

from __future__ import annotations

from typing import Literal

from wms.core.ports import Forge, Repository
from wms.core.production import main_head, manifest_at
from wms.core.records.base import Frozen, Record
from wms.core.records.dataset import SPLITS
from wms.data.announce import DATA, HELD_DESCRIPTION, TAKEN_DESCRIPTION, VERDICT

DATA_PREFIX = "data/"
BranchState = Literal["waiting", "held", "blocked", "taken"]


class DataBranch(Frozen):
    """A data branch: `waiting` for its run, `blocked` by findings, or `held` by the gate.

    `taken`: it is in the dataset, except for what was set aside; the branch is the only pushed copy of that.
    """

    name: str
    sha: str
    state: BranchState
    reason: str = ""
    records_sha256: str | None = None


class DataStatus(Record):
    """The dataset on main, by split, and the branches that are not in it."""

    main_sha: str
    samples: int
    splits: dict[str, int]
    branches: tuple[DataBranch, ...]


def data_status(*, repository: Repository, forge: Forge) -> DataStatus:
    """Read main, the remote's data branches and their statuses."""
    repository.fetch()
    main_sha = main_head(repository)
    manifest = manifest_at(repository, main_sha)
    heads = {name: repository.head(name) for name in repository.branches(DATA_PREFIX)}
    return DataStatus(
        main_sha=main_sha,
        samples=len(manifest.samples),
        splits={split: len(manifest.of_split(split)) for split in SPLITS},
        branches=tuple(branch_status(name, sha, forge) for name, sha in heads.items() if sha is not None),
    )


def branch_status(name: str, sha: str, forge: Forge) -> DataBranch:
    """What the last run reported on a branch's head; a hold implies that the data was accepted."""
    found = DataBranch(name=name, sha=sha, state="waiting")
    checks = {check.context: check for check in forge.statuses(sha)}
    data, verdict = checks.get(DATA), checks.get(VERDICT)
    if data is not None and data.state == "failure":
        reason = data.description.removeprefix("blocked: ")
        return found.model_copy(update={"state": "blocked", "reason": reason})
    held = HELD_DESCRIPTION.fullmatch(verdict.description) if verdict is not None else None
    if held is not None:
        update = {"state": "held", "reason": held["reason"], "records_sha256": held["records"]}
        return found.model_copy(update=update)
    if data is not None and TAKEN_DESCRIPTION.fullmatch(data.description):
        return found.model_copy(update={"state": "taken", "reason": data.description})
    return found
