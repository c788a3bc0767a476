from __future__ import annotations

from pathlib import Path

import pytest

from factories import make_request, write_run
from wms.core.errors import RecordError
from wms.core.files import write_bytes, write_record
from wms.core.layout import Layout
from wms.core.records.base import Record
from wms.report.records import KINDS, MANIFESTS, RunRecords


def test_every_field_has_its_file() -> None:
    assert set(KINDS) | set(MANIFESTS) == set(RunRecords.model_fields)


def test_a_whole_run_is_loaded_record_by_record(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_run(layout, "merged")
    records = RunRecords.load(layout.run)
    assert [name for name in RunRecords.model_fields if getattr(records, name) is None] == []
    for name, kind in KINDS.items():
        record = getattr(records, name)
        assert isinstance(record, kind)
        assert isinstance(record, Record)
        assert layout.record(name.replace("_", "-")).read_bytes() == record.to_json()


def test_records_that_were_never_written_are_none(tmp_path: Path) -> None:
    write_record(tmp_path / "request.json", make_request())
    records = RunRecords.load(tmp_path)
    assert records.request == make_request()
    assert records.decision is None
    assert records.manifest is None


def test_other_files_of_a_run_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    write_bytes(tmp_path / "metrics.json", b"no record")
    assert RunRecords.load(tmp_path) == RunRecords()


@pytest.mark.parametrize("name", ["decision.json", "manifest.jsonl", "base.jsonl"])
def test_an_unreadable_record_is_an_error_that_names_the_file(tmp_path: Path, name: str) -> None:
    write_bytes(tmp_path / name, b"{half")
    with pytest.raises(RecordError, match=name):
        RunRecords.load(tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(RecordError, match=name):
        RunRecords.load(tmp_path)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="holds no run"):
        RunRecords.load(tmp_path / "run")
