"""The dataset's folder: exactly the manifest's files, with the manifest's bytes."""

from pathlib import Path

import pytest

from factories import git_sha
from pairs import SETTINGS, write_pair
from wms.core.errors import RecordError, StorageError
from wms.core.files import sha256_file
from wms.core.progress import Silent
from wms.core.records.dataset import BranchHead, DatasetManifest, MergePlan
from wms.core.records.run import OnConflict
from wms.data import assemble as module
from wms.data.assemble import assemble
from wms.data.assign import assign_validated
from wms.data.plan import plan_merge
from wms.data.validate import validate_plan

EMPTY = DatasetManifest()


class Workspace:
    """A dataset folder that grows by pushes, as the data job makes it grow."""

    def __init__(self, root: Path) -> None:
        self.root, self.incoming, self.dataset = root, root / "incoming", root / "dataset"
        self.manifest = EMPTY

    def plan(self, folder: str, on_conflict: OnConflict = "refuse") -> tuple[MergePlan, DatasetManifest]:
        plan = plan_merge(
            incoming=self.incoming,
            sources={folder: BranchHead(name="data/a", sha=git_sha("a"))},
            manifest=self.manifest,
            base_sha=git_sha("main"),
            on_conflict=on_conflict,
        )
        report = validate_plan(
            plan=plan,
            incoming=self.incoming,
            manifest=self.manifest,
            settings=SETTINGS,
            quarantine=True,
            progress=Silent(),
        )
        outcome = assign_validated(self.manifest, plan=plan, report=report, policy=SETTINGS.split)
        return plan, outcome.manifest

    def push(self, folder: str, *, on_conflict: OnConflict = "refuse") -> None:
        plan, manifest = self.plan(folder, on_conflict)
        fresh = self.root / "next"
        assemble(base=self.dataset, incoming=self.incoming, plan=plan, manifest=manifest, to=fresh)
        fresh.rename(self.dataset) if not self.dataset.exists() else self._swap(fresh)
        self.manifest = manifest

    def _swap(self, fresh: Path) -> None:
        self.dataset.rename(self.root / f"old-{len(list(self.root.iterdir()))}")
        fresh.rename(self.dataset)

    def files(self) -> set[str]:
        return {str(p.relative_to(self.dataset)) for p in self.dataset.rglob("*") if p.is_file()}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    for seed in (1, 2):
        write_pair(made.incoming / "00", f"m{seed}", seed=seed)
    made.push("00")
    return made


def test_a_first_push_makes_the_dataset(workspace: Workspace) -> None:
    assert workspace.files() == {"images/m1.jpg", "images/m2.jpg", "masks/m1.png", "masks/m2.png"}


def test_old_and_new_samples_are_in_one_folder(workspace: Workspace) -> None:
    write_pair(workspace.incoming / "01", "m3", seed=3)
    workspace.push("01")
    for sample in workspace.manifest.samples:
        assert sha256_file(workspace.dataset / "images" / sample.image) == sample.image_sha256
        assert sha256_file(workspace.dataset / "masks" / sample.mask) == sample.mask_sha256
    assert len(workspace.files()) == 6


def test_a_replaced_sample_takes_the_incoming_bytes(workspace: Workspace) -> None:
    write_pair(workspace.incoming / "01", "m1", seed=9)
    workspace.push("01", on_conflict="replace")
    brought = workspace.incoming / "01/images/m1.jpg"
    assert sha256_file(workspace.dataset / "images/m1.jpg") == sha256_file(brought)


def test_a_replacement_that_was_set_aside_leaves_the_old_bytes(workspace: Workspace) -> None:
    old = sha256_file(workspace.dataset / "images/m1.jpg")
    write_pair(workspace.incoming / "01", "m1", seed=9, share=0.0)
    workspace.push("01", on_conflict="replace")
    assert sha256_file(workspace.dataset / "images/m1.jpg") == old


def test_foreign_files_are_dropped_and_a_second_time_changes_nothing(workspace: Workspace) -> None:
    plan, manifest = workspace.plan("00")
    target = workspace.root / "target"
    (target / "images").mkdir(parents=True)
    (target / "images/foreign.jpg").write_bytes(b"x")
    for _ in range(2):
        assemble(base=workspace.dataset, incoming=workspace.incoming, plan=plan, manifest=manifest, to=target)
        names = {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}
        assert names == workspace.files()


def test_other_bytes_than_the_manifests_are_an_error_and_the_old_folder_stays(workspace: Workspace) -> None:
    plan, manifest = workspace.plan("00")
    target = workspace.root / "target"
    assemble(base=workspace.dataset, incoming=workspace.incoming, plan=plan, manifest=manifest, to=target)
    (workspace.dataset / "masks/m2.png").unlink()
    (workspace.dataset / "masks/m2.png").write_bytes(b"rotten")
    with pytest.raises(RecordError, match=r"m2\.png"):
        assemble(base=workspace.dataset, incoming=workspace.incoming, plan=plan, manifest=manifest, to=target)
    assert len(list(target.rglob("*.*"))) == 4


def test_a_full_disk_leaves_the_old_folder_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, manifest = workspace.plan("00")
    target = workspace.root / "target"
    assemble(base=workspace.dataset, incoming=workspace.incoming, plan=plan, manifest=manifest, to=target)

    def full(source: Path, to: Path) -> None:
        raise StorageError(f"{to} could not be written: No space left on device")

    monkeypatch.setattr(module, "link_or_copy", full)
    with pytest.raises(StorageError, match="No space left"):
        assemble(base=workspace.dataset, incoming=workspace.incoming, plan=plan, manifest=manifest, to=target)
    assert len(list(target.rglob("*.*"))) == 4
    assert not [path for path in workspace.root.iterdir() if path.name.startswith(".target")]
