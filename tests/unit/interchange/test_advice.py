"""A folder without pairs: what it holds is named, and the command that takes it."""

from __future__ import annotations

import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pairs import write_pair
from unit.interchange.handmade import coco, mask_file, photo, write_json
from wms.cli.data import data
from wms.core.errors import InputError
from wms.core.records.dataset import DatasetManifest
from wms.data.plan import plan_folder
from wms.data.push import Upload


def export(folder: Path) -> None:
    photo(folder / "images")
    write_json(folder / "annotations/instances.json", coco())


def archive(folder: Path) -> None:
    with zipfile.ZipFile(folder / "task 1.zip", "w") as made:
        made.writestr("a", b"x")


def photographs(folder: Path) -> None:
    photo(folder)
    photo(folder, "m2.jpg", seed=2)


def deeper(folder: Path) -> None:
    photo(folder / "november/images")
    mask_file(folder / "november/masks/m1.png")


@pytest.mark.parametrize(
    ("build", "what", "command"),
    [
        (export, "but COCO", "wms data import {folder}"),
        (archive, r"1 archive, such as task 1\.zip", "wms data import '{folder}/task 1.zip'"),
        (photographs, "2 photographs and no masks", "wms data export {folder} --format cvat"),
        (deeper, "photographs and masks in folders", "wms data import {folder}"),
    ],
)
def test_it_says_what_it_is_and_the_command_that_takes_it(
    build: Callable[[Path], None], what: str, command: str, tmp_path: Path
) -> None:
    build(tmp_path)
    with pytest.raises(InputError, match=what) as refused:
        plan_folder(tmp_path, manifest=DatasetManifest())
    told = refused.value.remedy
    assert command.format(folder=tmp_path) in told
    words = shlex.split(told.split("`")[1])[2:]
    named = data.commands[words[0]]
    named.make_context(words[0], words[1:])


def test_a_folder_with_pairs_is_never_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pair(tmp_path, "m1", seed=1)
    export(tmp_path)
    monkeypatch.setattr("wms.data.plan.refuse_other_forms", lambda folder: pytest.fail("searched"))
    assert [pair.stem for pair in plan_folder(tmp_path, manifest=DatasetManifest()).pairs] == ["m1"]


def test_leftovers_of_systems_are_not_pushed(tmp_path: Path) -> None:
    write_pair(tmp_path, "m1", seed=1)
    for name in ("images/Thumbs.db", "images/@eaDir/m1.jpg", "masks/._m1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert set(Upload.of(tmp_path).digests) == {"images/m1.jpg", "masks/m1.png"}
