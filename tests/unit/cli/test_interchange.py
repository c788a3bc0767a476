"""`wms data import`, `wms data export`, and a push of what a labelling tool exported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clones import Project, add_pairs, make_project
from factories import make_manifest, make_provenance
from pairs import write_pair
from pipeline.small import write_bundle, write_small_pairs
from unit.interchange.handmade import coco, mask_of, photo, window, write_json


@pytest.fixture
def project(tmp_path: Path, quick_without_torch: str) -> Project:
    return make_project(tmp_path, quick_without_torch)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A ZIP archive of COCO, with the leftovers of a Mac."""
    photo(tmp_path / "export/images")
    write_json(tmp_path / "export/annotations/instances.json", coco())
    (tmp_path / "export/__MACOSX").mkdir()
    (tmp_path / "export/__MACOSX/._images").write_bytes(b"x")
    return Path(shutil.make_archive(str(tmp_path / "Task 12"), "zip", tmp_path / "export"))


def test_what_became_of_each_photograph_is_a_table(project: Project, export: Path, tmp_path: Path) -> None:
    done = project.wms("data", "import", str(export), "--out", str(tmp_path / "pairs"))
    assert done.returncode == 0, done.stderr
    assert "COCO, label window" in done.stdout
    assert "images/m1.jpg  imported  m1" in done.stdout
    assert "ignored, as systems leave them behind: __MACOSX" in done.stdout
    assert np.array_equal(mask_of(tmp_path / "pairs"), window())
    assert project.wms("data", "validate", str(tmp_path / "pairs")).returncode == 0


def test_a_script_gets_one_document_and_a_dry_run_writes_nothing(
    project: Project, export: Path, tmp_path: Path
) -> None:
    words = ("data", "import", str(export), "--out", str(tmp_path / "pairs"), "--dry-run", "--json")
    answer = json.loads(project.wms(*words).stdout)
    assert (answer["form"], answer["items"][0]["pair"], answer["dry_run"]) == ("coco", "m1", True)
    assert not (tmp_path / "pairs").exists()


def test_what_could_not_be_imported_is_listed_and_the_rest_is_written(
    project: Project, export: Path, tmp_path: Path
) -> None:
    content = coco()
    content["images"].append({"id": 8, "file_name": "gone.jpg", "width": 160, "height": 120})
    write_json(tmp_path / "export/annotations/instances.json", content)
    done = project.wms("data", "import", str(tmp_path / "export"), "--out", str(tmp_path / "pairs"))
    assert done.returncode == 14
    assert "1 item could not be imported:\n  gone.jpg: " in done.stderr
    assert mask_of(tmp_path / "pairs").any()


def test_a_push_of_an_export_imports_it_first_and_gives_one_branch(project: Project, export: Path) -> None:
    done = project.wms("data", "push", str(export))
    assert done.returncode == 0, done.stderr
    assert "importing it first" in done.stderr
    assert "2 files are pushed as data/task-12-" in done.stdout
    assert "pushed already" in project.wms("data", "push", str(export)).stdout
    [branch] = project.data_branches()
    assert project.files(branch) == ["images/m1.jpg", "masks/m1.png"]


def test_validate_names_the_command_that_takes_an_export(
    project: Project, export: Path, tmp_path: Path
) -> None:
    done = project.wms("data", "validate", str(tmp_path / "export"))
    assert done.returncode == 15
    assert f"wms data import {tmp_path / 'export'} --out DIR" in done.stderr


def test_a_folder_without_pairs_never_passes(project: Project, tmp_path: Path) -> None:
    (tmp_path / "empty/images").mkdir(parents=True)
    (tmp_path / "empty/notes.txt").write_text("later")
    done = project.wms("data", "validate", str(tmp_path / "empty"))
    assert done.returncode == 12
    assert "holds no pairs" in done.stderr


def test_photographs_of_a_phone_among_pairs_are_imported(project: Project, tmp_path: Path) -> None:
    write_pair(tmp_path / "pairs", "m1", seed=1)
    with Image.open(tmp_path / "pairs/images/m1.jpg") as image:
        image.save(tmp_path / "pairs/images/m1.webp")
    (tmp_path / "pairs/images/m1.jpg").unlink()
    done = project.wms("data", "push", str(tmp_path / "pairs"))
    assert "m1.webp  imported  m1" in done.stdout, done.stderr
    assert "2 files are pushed" in done.stdout


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.mark.parametrize("form", ["coco", "cvat", "labelme"])
def test_pairs_come_back_from_a_tool_as_they_went(form: str, project: Project, tmp_path: Path) -> None:
    for seed in (1, 2):
        write_pair(tmp_path / "pairs", f"m {seed}", seed=seed)
    ring = np.zeros((120, 160), dtype=np.uint8)
    ring[20:100, 20:140] = 255
    ring[40:80, 60:100] = 0
    Image.fromarray(ring).save(tmp_path / "pairs/masks/m 2.png")
    first, second, third = (str(tmp_path / name) for name in ("pairs", "tool", "back"))
    assert project.wms("data", "export", first, "--format", form, "--out", second).returncode == 0
    done = project.wms("data", "import", second, "--out", third)
    assert done.returncode == 0, done.stderr
    there, back = (contents(Path(folder)) for folder in (first, third))
    assert there.keys() == back.keys()
    for name in there:
        pixels = [np.asarray(Image.open(Path(folder) / name)) for folder in (first, third)]
        assert np.array_equal(*pixels), name


def test_the_pairs_of_a_branch_are_handed_out_for_correction(project: Project, tmp_path: Path) -> None:
    add_pairs(project, "m1", under="new")
    (project.root / "new/masks/m1.png").unlink()
    add_pairs(project, "m2", under="new", first_seed=2)
    pushed = project.wms("data", "push", "new", "--no-validate", "--branch", "data/blocked")
    assert pushed.returncode == 0, pushed.stderr
    words = ("data", "export", "--branch", "data/blocked", "--format", "coco", "--out", str(tmp_path / "out"))
    done = project.wms(*words)
    assert "2 photographs in" in done.stdout, done.stderr
    assert "1 with a drawn window" in done.stdout
    assert project.wms(*words).returncode == 46


def test_photographs_of_one_name_are_not_written_over_each_other(project: Project, tmp_path: Path) -> None:
    photo(tmp_path / "photos")
    photo(tmp_path / "photos", "m1.JPG", seed=2)
    words = (
        "data",
        "export",
        str(tmp_path / "photos"),
        "--format",
        "labelme",
        "--out",
        str(tmp_path / "out"),
    )
    done = project.wms(*words)
    assert "another photograph has this name" in done.stdout
    assert "1 photograph in" in done.stdout


def test_labelling_starts_from_what_the_model_finds(project: Project, tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", skill=1.0, provenance=make_provenance(make_manifest(10)))
    pairs = write_small_pairs(tmp_path / "pairs", count=3, seed=1)
    words = ("--format", "labelme", "--out", str(tmp_path / "out"), "--model", str(tmp_path / "model"))
    done = project.wms("data", "export", str(pairs / "images"), *words, "--predict", "missing")
    assert "0 with a drawn window, 3 with one that the model found" in done.stdout, done.stderr
    back = project.wms("data", "import", str(tmp_path / "out"), "--out", str(tmp_path / "back"))
    assert back.returncode == 0, back.stderr
    for path in (tmp_path / "back/masks").iterdir():
        found, drawn = (
            np.asarray(Image.open(folder / path.name)) > 127 for folder in (path.parent, pairs / "masks")
        )
        assert (found & drawn).sum() / (found | drawn).sum() > 0.9


@pytest.mark.parametrize("words", [(), ("--branch", "data/a", "--split", "test")])
def test_one_thing_is_exported(words: tuple[str, ...], project: Project, tmp_path: Path) -> None:
    done = project.wms("data", "export", *words, "--format", "coco", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert "one of them" in done.stderr


def test_a_branch_that_is_not_there_is_said(project: Project, tmp_path: Path) -> None:
    words = ("--branch", "data/nowhere", "--format", "coco", "--out", str(tmp_path / "out"))
    done = project.wms("data", "export", *words)
    assert done.returncode == 32
    assert "no branch data/nowhere" in done.stderr


def test_a_damaged_exif_block_prints_no_warning_of_a_library(project: Project, tmp_path: Path) -> None:
    write_pair(tmp_path / "pairs", "m1", seed=1)
    exif = Image.Exif()
    exif[0x0110] = "A Phone " * 20
    path = tmp_path / "pairs/images/m1.jpg"
    with Image.open(path) as image:
        image.save(path, exif=exif)
    data = path.read_bytes()
    # The text is cut out of the EXIF segment, whose entries still name it: Pillow warns of that.
    at, segment = data.index(b"A Phone"), data.index(b"\xff\xe1") + 2
    length = int.from_bytes(data[segment : segment + 2]) - 160
    path.write_bytes(data[:segment] + length.to_bytes(2) + data[segment + 2 : at] + data[at + 160 :])
    with pytest.warns(UserWarning, match="larger than file"), Image.open(path) as image:
        image.getexif().get(0x0110)
    for words in (("validate", str(tmp_path / "pairs")), ("push", str(tmp_path / "pairs"), "--dry-run")):
        done = project.wms("data", *words)
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr + done.stdout
        assert "site-packages" not in done.stderr + done.stdout
