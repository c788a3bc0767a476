"""Files are written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wms.core.errors import RecordError, StorageError
from wms.core.files import (
    link_or_copy,
    read_record,
    replacing_folder,
    verify_sha256,
    write_bytes,
    write_record,
)
from wms.core.records.lease_book import LeaseBook
from wms.core.records.run import RunState

FULL_DISK = """
import pathlib, resource, sys
from wms.core.errors import StorageError
from wms.core.files import write_bytes

resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
try:
    write_bytes(pathlib.Path(sys.argv[1]), b"x" * 5000)
except StorageError as error:
    print(error)
"""
"""No file may grow above 1 KiB in this process, as on a disk that is full (EFBIG instead of ENOSPC)."""


def test_a_full_disk_leaves_the_old_manifest(tmp_path: Path) -> None:
    path = tmp_path / "manifest.jsonl"
    write_bytes(path, b"old")
    shown = subprocess.check_output([sys.executable, "-c", FULL_DISK, str(path)], text=True)
    assert f"{path} could not be written" in shown
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_that_is_killed_while_writing_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    script = (
        "import os, signal, sys, pathlib\n"
        "from wms.core.files import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_bytes(b'new')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert path.read_bytes() == b"old"


def test_an_error_while_filling_a_folder_keeps_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write_bytes(folder / "a", b"old")
    with pytest.raises(ZeroDivisionError), replacing_folder(folder) as fresh:
        write_bytes(fresh / "a", b"new")
        raise ZeroDivisionError
    assert (folder / "a").read_bytes() == b"old"


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    write_bytes(folder / "a", b"old")
    rename = Path.rename

    def refuse_fresh(path: Path, target: Path) -> Path:
        if path.name == "fresh":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_fresh)
    with pytest.raises(StorageError, match="Input/output error"), replacing_folder(folder) as fresh:
        write_bytes(fresh / "a", b"new")
    assert (folder / "a").read_bytes() == b"old"


def test_a_missing_record_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"state\.json is not there"):
        read_record(tmp_path / "state.json", RunState)


def test_a_record_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_record(tmp_path / "state.json", RunState(run_id="r"))
    with pytest.raises(RecordError, match="not a valid LeaseBook"):
        read_record(tmp_path / "state.json", LeaseBook)


def test_changed_bytes_do_not_verify(tmp_path: Path) -> None:
    write_bytes(tmp_path / "file", b"bytes")
    with pytest.raises(RecordError, match="not 000000000000"):
        verify_sha256(tmp_path / "file", "0" * 64)


def test_a_link_replaces_what_is_there_without_changing_it(tmp_path: Path) -> None:
    write_bytes(tmp_path / "old", b"old")
    os.link(tmp_path / "old", tmp_path / "target")
    write_bytes(tmp_path / "new", b"new")
    link_or_copy(tmp_path / "new", tmp_path / "target")
    assert (tmp_path / "old").read_bytes() == b"old"
    assert (tmp_path / "target").read_bytes() == b"new"
