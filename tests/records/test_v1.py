"""Records that version 1 wrote are read, keep their digests and replay, whatever came since.

`v1/` was written by the pipeline of November 2026: two promotions, a hold and a refused push on rendered
pictures, a rollback. Nothing in it is ever changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from wms.core.files import read_record
from wms.core.records.dataset import DatasetManifest
from wms.core.records.decision import GateDecision
from wms.core.records.lease_book import LeaseBook
from wms.core.records.promotion import ModelMetadata, RunArchive, parse_metadata
from wms.core.records.release import ReleaseProvenance
from wms.core.records.training import ModelCard
from wms.gate.verdict import replay_decision
from wms.report.gallery import RunImages
from wms.report.page import RunEntry
from wms.report.records import KINDS

V1 = Path(__file__).parent / "v1"
OTHERS = {"model.json": ModelCard, "pictures.json": RunImages, "report-entry.json": RunEntry}
KIND_OF_FILE = {f"{name.replace('_', '-')}.json": kind for name, kind in KINDS.items()} | OTHERS

# metrics.json is for DVC alone; nothing reads it back.
RECORDS = [path for path in sorted(V1.glob("*/*.json")) if path.name != "metrics.json"]


def name_of(path: Path) -> str:
    return path.relative_to(V1).as_posix()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("path", RECORDS, ids=name_of)
def test_a_record_of_a_run_is_read_and_keeps_its_digest(path: Path) -> None:
    record = read_record(path, KIND_OF_FILE[path.name])
    assert record.digest == sha256(path)
    assert record.to_json() == path.read_bytes()


@pytest.mark.parametrize("run", ["first-promotion", "promotion", "hold"])
def test_a_decision_replays(run: str) -> None:
    decision = replay_decision(V1 / run / "decision.json")
    assert decision.verdict == ("hold" if run == "hold" else "promote")


@pytest.mark.parametrize("run", ["first-promotion", "promotion", "hold"])
def test_an_archive_names_its_records_by_the_digests_that_they_have(run: str) -> None:
    archive = read_record(V1 / run / "archive.json", RunArchive)
    # What the promotion wrote after the archive is not in it.
    listed = {name: digest for name, digest in archive.files.items() if not name.startswith("model/")}
    assert {name: sha256(V1 / run / name) for name in listed} == listed


@pytest.mark.parametrize("path", sorted(V1.glob("**/*.jsonl")), ids=name_of)
def test_a_manifest_keeps_its_digest(path: Path) -> None:
    assert DatasetManifest.from_jsonl(path.read_bytes(), source=path.name).digest == sha256(path)


@pytest.mark.parametrize("version", ["v1", "v2", "rollback"])
def test_the_model_in_production_is_read(version: str) -> None:
    path = V1 / f"model-metadata-{version}.json"
    metadata = read_record(path, ModelMetadata)
    assert metadata.digest == sha256(path)
    assert metadata.version == (2 if version == "v2" else 1)


def test_a_rollback_names_the_decision_that_promoted_the_model_first() -> None:
    back = read_record(V1 / "model-metadata-rollback.json", ModelMetadata)
    decision = read_record(V1 / "first-promotion/decision.json", GateDecision)
    assert back.decision_sha256 == decision.digest


def test_other_records_are_read() -> None:
    assert parse_metadata((V1 / "model-metadata-none.json").read_bytes(), source="none") is None
    assert read_record(V1 / "lease-book.json", LeaseBook).history
    assert read_record(V1 / "provenance.json", ReleaseProvenance).model.version == 1
