"""`wms data push` in a clone whose remote is hosted elsewhere."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from clones import INCOMING, Project, add_pairs, make_project
from factories import make_facts
from pairs import write_pair
from wms.adapters.git.repository import GitRepository
from wms.core.files import sha256_file
from wms.core.records.dataset import DatasetManifest, Sample
from wms.core.records.promotion import MANIFEST_PATH


@pytest.fixture
def project(tmp_path: Path, quick_without_torch: str) -> Project:
    return make_project(tmp_path, quick_without_torch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_pair(tmp_path / "Nasze zdjęcia", "m1", seed=1)
    return tmp_path / "Nasze zdjęcia"


def test_what_lies_in_incoming_is_pushed_and_stays_as_it_is(project: Project) -> None:
    add_pairs(project, "untracked", "staged", "committed")
    for stem in ("staged", "committed"):
        project.git("add", f"{INCOMING}/images/{stem}.jpg")
        if stem == "staged":
            project.git("commit", "--quiet", "--message", "one picture")
    before = project.git("status", "--porcelain", "--untracked-files=all"), project.git("rev-parse", "HEAD")
    done = project.wms("data", "push")
    assert done.returncode == 0, done.stderr
    [branch] = project.data_branches()
    assert branch.startswith("data/incoming-")
    assert len(project.files(branch)) == 6
    after = project.git("status", "--porcelain", "--untracked-files=all"), project.git("rev-parse", "HEAD")
    assert after == before


def test_a_folder_is_pushed_once_under_its_own_name(project: Project, photos: Path) -> None:
    assert "2 files are pushed as data/nasze-zdj-cia-" in project.wms("data", "push", str(photos)).stdout
    first = project.branches()
    assert "pushed already, as data/nasze-zdj-cia-" in project.wms("data", "push", str(photos)).stdout
    assert project.branches() == first


def test_findings_that_block_are_listed_with_remedies_and_nothing_is_pushed(
    project: Project, photos: Path
) -> None:
    before = project.branches()
    (photos / "masks/m1.png").rename(photos / "masks/m2.png")
    done = project.wms("data", "push", str(photos))
    assert done.returncode == 10
    assert "images/m1.jpg [missing-mask]" in done.stdout
    assert "Add its mask, or remove the image." in done.stdout
    assert project.branches() == before


def test_without_validation_the_pipeline_is_left_to_judge(project: Project, photos: Path) -> None:
    (photos / "masks/m1.png").unlink()
    assert project.wms("data", "push", str(photos), "--no-validate").returncode == 0
    assert len(project.data_branches()) == 1


def test_a_dry_run_checks_and_pushes_nothing(project: Project, photos: Path) -> None:
    before = project.branches()
    done = project.wms("data", "push", str(photos), "--dry-run")
    assert "would push 2 files as data/" in done.stdout
    (photos / "masks/m1.png").unlink()
    assert project.wms("data", "push", str(photos), "--dry-run").returncode == 10
    assert project.branches() == before


def test_a_script_gets_one_document(project: Project, photos: Path) -> None:
    answer = json.loads(project.wms("data", "push", str(photos), "--json").stdout)
    assert answer["outcome"] == "pushed"
    assert [answer["branch"]] == project.data_branches()
    (photos / "masks/m1.png").unlink()
    blocked = json.loads(project.wms("data", "push", str(photos), "--json").stdout)
    assert blocked["outcome"] == "not pushed"
    assert blocked["error"]["exit_code"] == 10
    assert blocked["validation"]["findings"][0]["rule"] == "missing-mask"


def test_a_branch_of_ones_own_name_is_never_written_over(project: Project, photos: Path) -> None:
    named = ("data", "push", str(photos), "--branch", "data/november")
    assert project.wms(*named).returncode == 0
    first = project.branches()
    assert "pushed already, as data/november" in project.wms(*named).stdout
    write_pair(photos, "m2", seed=2)
    done = project.wms(*named)
    assert done.returncode == 66
    assert "data/november is on origin already and holds other files" in done.stderr
    assert project.branches() == first


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("--branch november", 2, "is not the name of a data branch"),
        ("--branch data/a.lock/.b", 2, "is not the name of a data branch"),
        ("{photos} --from-commits main", 2, "give one of them"),
        ("", 12, "Put photographs into images/"),
        ("--from-commits origin/main..main", 64, ""),
        ("--from-commits nowhere..main", 32, "'nowhere' names no commit here"),
    ],
)
def test_what_cannot_be_pushed_has_an_exit_code_and_advice(
    project: Project, photos: Path, words: str, code: int, told: str
) -> None:
    project.commit(**{"code.py": b"second\n"})
    done = project.wms("data", "push", *shlex.split(words.format(photos=shlex.quote(str(photos)))))
    assert done.returncode == code
    assert told in done.stderr


def test_pairs_that_main_has_are_not_pushed(project: Project, photos: Path) -> None:
    put_into_dataset(project, photos, "m1")
    before = project.branches()
    done = project.wms("data", "push", str(photos))
    assert done.returncode == 12
    assert "is in the dataset already" in done.stderr
    add_pairs(project, "m1")
    project.commit()
    diverted = project.push("origin", "main")
    assert "every pair is in the dataset of main already" in diverted.stderr
    assert "git reset --soft" in diverted.stderr
    assert project.branches() == before


def test_a_remote_that_is_away_is_an_error(project: Project, photos: Path) -> None:
    project.remote.rename(project.remote.with_name("away.git"))
    assert project.wms("data", "push", str(photos)).returncode == 32


def test_a_folder_is_validated_in_a_hosted_clone_too(project: Project, photos: Path) -> None:
    done = project.wms("data", "validate", str(photos))
    assert done.returncode == 0, done.stderr
    assert "1 pair checked: 0 errors" in done.stdout


def put_into_dataset(project: Project, folder: Path, stem: str) -> None:
    """Main's manifest as it is once a pair is in the dataset."""
    facts = make_facts(
        stem,
        image_sha256=sha256_file(folder / f"images/{stem}.jpg"),
        mask_sha256=sha256_file(folder / f"masks/{stem}.png"),
    )
    sample = Sample(**facts.model_dump(), group=stem, split="train", added_by="data/earlier")
    repository = GitRepository(project.root)
    head = repository.head("main")
    assert head is not None
    text = DatasetManifest(samples=(sample,)).to_jsonl()
    repository.push(repository.commit(head, {MANIFEST_PATH: text}, message="data"), "main", expect=head)
    project.git("pull", "--quiet")
