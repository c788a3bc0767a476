"""Sources are read safely: nothing leaves the temporary folder, and everything is bounded."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from unit.interchange.handmade import bring, coco, mask_file, photo, write_json
from wms.core.errors import InputError
from wms.interchange import source as module
from wms.interchange.regions import FormError
from wms.interchange.source import open_source, plain_name


def archive(path: Path, *members: zipfile.ZipInfo | str) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for member in members:
            made.writestr(member, b"x")
    return path


@pytest.mark.parametrize(
    "member", ["../out.jpg", "a/../../out.jpg", "/out.jpg", "C:/out.jpg", "..\\out.jpg", "\\out.jpg"]
)
def test_a_path_that_leads_out_of_the_archive_is_refused(member: str, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", "good.jpg", member)
    with pytest.raises(InputError, match="leads out of it"), open_source([path]):
        pass


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(InputError, match="a link"), open_source([archive(tmp_path / "a.zip", link)]):
        pass


@pytest.mark.parametrize(("bound", "value"), [("MAX_FILES", 1), ("MAX_BYTES", 1)])
def test_files_and_bytes_are_bounded(
    bound: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, bound, value)
    with pytest.raises(InputError, match="at most"), open_source([archive(tmp_path / "a.zip", "a", "b")]):
        pass


def test_a_member_that_is_larger_than_it_says_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.jpg", b"\0" * 100_000)
    data = path.read_bytes()
    path.write_bytes(data.replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(InputError, match="cannot be unpacked"), open_source([path]):
        pass


def test_an_archive_in_another_form_says_to_unpack_it(tmp_path: Path) -> None:
    (tmp_path / "a.rar").write_bytes(b"Rar!\x1a\x07")
    with pytest.raises(InputError) as refused, open_source([tmp_path / "a.rar"]):
        pass
    assert refused.value.remedy == "Unpack it first."


def test_an_archive_is_unpacked_and_removed(tmp_path: Path) -> None:
    with open_source([archive(tmp_path / "a.zip", "photos/a.jpg", "__MACOSX/photos/._a.jpg")]) as opened:
        (path,) = opened.files
        assert opened.shown(path) == "photos/a.jpg"
        assert path.is_file()
    assert not path.exists()


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    photo(tmp_path / "secret")
    (tmp_path / "set").mkdir()
    (tmp_path / "set/m1.jpg").symlink_to(tmp_path / "secret/m1.jpg")
    (tmp_path / "set/folder").symlink_to(tmp_path / "secret")
    with open_source([tmp_path / "set"]) as opened:
        assert opened.files == ()


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("C:\\Users\\Ola\\m1.jpg", "/Users/Ola/m1.jpg"),
        ("..\\photos\\m1.jpg", "../photos/m1.jpg"),
        ("/data/upload/3/0a1b2c3d-m1.jpg", "/data/upload/3/0a1b2c3d-m1.jpg"),
        ("/data/local-files/?d=photos/m%201.jpg", "photos/m 1.jpg"),
        ("s3://bucket/photos/m1.jpg", "/photos/m1.jpg"),
        ("https://host/photos/m%201.jpg?token=a", "/photos/m 1.jpg"),
    ],
)
def test_names_of_exports_become_paths(told: str, plain: str) -> None:
    assert plain_name(told) == plain


def test_of_photographs_with_one_name_the_one_in_the_named_folder_is_meant(tmp_path: Path) -> None:
    photo(tmp_path / "set/a")
    photo(tmp_path / "set/b", seed=2)
    with open_source([tmp_path / "set"]) as opened:
        near = tmp_path / "set/coco.json"
        assert opened.photograph("b/m1.jpg", near=near).parent.name == "b"
        with pytest.raises(FormError, match="several photographs"):
            opened.photograph("m1.jpg", near=near)


def test_nothing_in_the_source_changes_and_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    photo(tmp_path / "set/images")
    mask_file(tmp_path / "set/masks/m1.png")
    before = {path: path.stat() for path in tmp_path.rglob("*")}
    assert bring(None, tmp_path / "set").pairs == 1  # type: ignore[arg-type]
    assert {path: path.stat() for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("out", ["set/pairs", "full"])
def test_a_folder_that_would_be_lost_is_refused(out: str, tmp_path: Path) -> None:
    photo(tmp_path / "set")
    write_json(tmp_path / "set/coco.json", coco())
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    with pytest.raises(InputError):
        bring(tmp_path / out, tmp_path / "set")
    assert (tmp_path / "full/mine.txt").read_text() == "mine"


def test_two_forms_at_once_ask_for_one(tmp_path: Path) -> None:
    photo(tmp_path / "set")
    write_json(tmp_path / "set/coco.json", coco())
    write_json(tmp_path / "set/m1.json", {"shapes": [], "imagePath": "m1.jpg"})
    with pytest.raises(InputError, match=r"coco \(COCO\), labelme"):
        bring(tmp_path / "pairs", tmp_path / "set")
    assert bring(tmp_path / "pairs", tmp_path / "set", form="coco").pairs == 1
