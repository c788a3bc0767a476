"""The dataset's folder: exactly the manifest's files, with the manifest's bytes."""

import shutil
from pathlib import Path

import pytest

from factories import git_sha, sha256
from pairs import SETTINGS, write_pair
from wms.core.errors import RecordError, StorageError, WmsError
from wms.core.files import sha256_file
from wms.core.progress import Silent
from wms.core.records.dataset import BranchHead, DatasetManifest
from wms.core.records.run import OnConflict
from wms.data import assemble as module
from wms.data.assemble import assemble
from wms.data.assign import assign_validated
from wms.data.plan import plan_merge
from wms.data.validate import validate_plan


class Workspace:
    """A dataset folder that grows by pushes, as the data job makes it grow."""

    def __init__(self, root: Path) -> None:
        self.root, self.incoming, self.dataset = root, root / "incoming", root / "dataset"
        self.manifest = DatasetManifest()

    def push(self, folder: str, *, on_conflict: OnConflict = "refuse") -> None:
        """Put the pairs of a folder into the dataset."""
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
        base = self.root / "base"
        if self.dataset.exists():
            shutil.copytree(self.dataset, base)
        self.manifest = outcome.manifest
        assemble(base=base, incoming=self.incoming, plan=plan, manifest=self.manifest, to=self.dataset)

    def files(self) -> set[str]:
        return {str(p.relative_to(self.dataset)) for p in self.dataset.rglob("*") if p.is_file()}

    def bytes_of(self, path: str) -> bytes:
        return (self.dataset / path).read_bytes()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    for seed in (1, 2):
        write_pair(made.incoming / "00", f"m{seed}", seed=seed)
    made.push("00")
    return made


def test_old_and_new_samples_are_in_one_folder(workspace: Workspace) -> None:
    write_pair(workspace.incoming / "01", "m3", seed=3)
    workspace.push("01")
    for sample in workspace.manifest.samples:
        assert sha256_file(workspace.dataset / "images" / sample.image) == sample.image_sha256
        assert sha256_file(workspace.dataset / "masks" / sample.mask) == sample.mask_sha256
    assert len(workspace.files()) == 6


@pytest.mark.parametrize(("share", "replaced"), [(0.03, True), (0.0, False)], ids=["good", "set aside"])
def test_a_replacement_brings_its_bytes_unless_it_was_set_aside(
    workspace: Workspace, share: float, replaced: bool
) -> None:
    old = workspace.bytes_of("images/m1.jpg")
    write_pair(workspace.incoming / "01", "m1", seed=9, share=share)
    workspace.push("01", on_conflict="replace")
    new = (workspace.incoming / "01/images/m1.jpg").read_bytes()
    assert workspace.bytes_of("images/m1.jpg") == (new if replaced else old)


def test_files_that_are_not_in_the_manifest_are_dropped(workspace: Workspace) -> None:
    before = workspace.files()
    (workspace.dataset / "images/foreign.jpg").write_bytes(b"x")
    workspace.push("00")
    assert workspace.files() == before


@pytest.mark.parametrize(
    ("case", "error", "said"),
    [("other bytes", RecordError, "has the SHA-256"), ("full disk", StorageError, "No space left")],
)
def test_after_an_error_the_old_folder_is_whole(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, case: str, error: type[WmsError], said: str
) -> None:
    def full(source: Path, to: Path) -> None:
        raise StorageError(f"{to} could not be written: No space left on device")

    if case == "full disk":
        monkeypatch.setattr(module, "link_or_copy", full)
    else:
        workspace.manifest = DatasetManifest.of(
            sample.model_copy(update={"mask_sha256": sha256("other")})
            for sample in workspace.manifest.samples
        )
    with pytest.raises(error, match=said):
        workspace.push("nothing new")
    assert len(workspace.files()) == 4
    assert not [path for path in workspace.root.iterdir() if path.name.startswith(".dataset")]
