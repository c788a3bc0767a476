"""A registry that is known to take no models: the run goes on, says so everywhere, and promotes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from clouds import node_report
from fakes.registry import FakeRegistry
from pipeline.conftest import Open, production, run_on
from pipeline.small import write_small_pairs
from wms.core.context import Context, Environment
from wms.core.errors import DataStoreError, RecordError, RegistryError, StaleBaseError
from wms.core.files import read_record
from wms.core.ports import ModelVersion
from wms.core.production import main_head
from wms.core.records.node import ARTIFACTS, NodeCheck, NodeReport
from wms.core.records.promotion import METADATA_PATH
from wms.core.records.run import RunState
from wms.core.records.training import Candidate
from wms.core.settings.infra import load_infra_settings
from wms.data.push import Upload
from wms.data.status import data_status
from wms.promotion.merge import merge_promotion
from wms.promotion.publish import publish_promotion
from wms.report.markdown import summary
from wms.report.records import RunRecords
from wms.run.adopt import adopt_model
from wms.run.summary import outcome_of

ROOT = Path(__file__).parents[2]
DENIED = NodeCheck(what=ARTIFACTS, ok=False, result="PutObject: AccessDenied")


class RefusesFiles(FakeRegistry):
    """Takes metrics, and refuses every file."""

    def log_files(self, run_id: str, folder: Path, *, under: str) -> None:
        raise RegistryError("files are denied")

    def register(self, run_id: str, bundle: Path, *, weights_sha256: str) -> ModelVersion:
        raise RegistryError("files are denied")


class DeniedNode:
    """A node that is ready, and whose role was refused by the artifacts bucket."""

    def started_at(self) -> datetime:
        return datetime.now(UTC)

    def instance_type(self) -> None:
        return None

    def report(self) -> NodeReport:
        return node_report("ready").model_copy(update={"checks": (DENIED,)})


def in_an_environment(ctx: Context, *, without_instance: bool) -> Context:
    """The workspace as in an environment of a cloud, of which the node and its settings are asked alone."""
    environment = Environment(
        name="dev",
        settings=load_infra_settings(ROOT, "dev"),
        account=cast("Any", None),
        node=cast("Any", DeniedNode()),
        without_instance=without_instance,
    )
    registry = RefusesFiles(ctx.layout.state / "fake-registry")
    return replace(ctx, ports=replace(ctx.ports, registry=registry), environment=environment)


@dataclass
class Kept:
    """A run that went to its end without the registry; `ctx` is the workspace once the registry takes all."""

    ctx: Context
    pairs: Path
    state: RunState

    @property
    def records(self) -> RunRecords:
        return RunRecords.load(self.ctx.layout.run)

    @property
    def nothing_is_promoted(self) -> bool:
        pulls = self.ctx.ports.forge.pull_requests(head_prefix="promote/", state="all")
        return production(self.ctx) is None and pulls == () and self.ctx.ports.registry.versions() == ()


Keep = Callable[..., Kept]


@pytest.fixture
def keep(small_workspace: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Runs the pipeline where the registry takes no models; the account itself is not asked."""
    monkeypatch.setattr("wms.run.preflight.aws_preflight", lambda **_: ())

    def run(*, skill: int = 90, without_instance: bool = False) -> Kept:
        ctx = in_an_environment(small_workspace(), without_instance=without_instance)
        pairs = write_small_pairs(tmp_path / "pairs", count=24, seed=1)
        return Kept(small_workspace(), pairs, run_on(ctx, pairs, skill=skill))

    return run


def test_the_decision_is_made_and_shown_and_nothing_is_promoted(keep: Keep) -> None:
    kept = keep()
    assert kept.state.outcome == "candidate"
    assert kept.records.decision.verdict == "promote"
    assert kept.nothing_is_promoted


def test_it_is_said_where_people_look(keep: Keep, said: list[str]) -> None:
    kept = keep()
    command = f"wms model adopt {kept.records.archive.digest}"
    assert "\n".join(said).count("continuing without the registry: MLflow may not store files") >= 2
    assert "nothing is promoted" in "\n".join(said)
    assert command in "\n".join(outcome_of(kept.ctx).lines())
    text = summary(kept.records)
    assert "Kept as a candidate" in text
    assert "PutObject" in text
    assert kept.records.archive.digest in text


def test_it_is_said_on_the_branch_which_waits(keep: Keep) -> None:
    kept = keep()
    repository, forge = kept.ctx.ports.repository, kept.ctx.ports.forge
    sha = repository.head(Upload.of(kept.pairs).branch)
    (note,) = [check for check in forge.statuses(str(sha)) if check.context == "wms/verdict"]
    assert kept.records.archive.digest in note.description
    (held,) = data_status(repository=repository, forge=forge).branches
    assert (held.state, held.reason) == ("held", "the model is in no registry")


def test_the_model_is_with_the_run_and_in_the_data_store(keep: Keep) -> None:
    kept = keep()
    candidate = read_record(kept.ctx.layout.record("candidate"), Candidate)
    assert candidate.version is None
    assert "AccessDenied" in candidate.unregistered
    assert (kept.ctx.layout.bundle / "model.onnx").is_file()
    assert kept.ctx.ports.data_store.has_blob(candidate.weights_sha256)


def test_a_hold_stays_a_hold(keep: Keep) -> None:
    kept = keep(skill=10)
    assert kept.state.outcome == "held"
    assert "in no registry" in summary(kept.records)


def test_without_an_instance_none_is_asked_for_and_nothing_is_promoted(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeniedNode, "report", lambda self: pytest.fail("there is no node"))
    kept = keep(without_instance=True)
    assert kept.state.outcome == "candidate"
    assert "WMS_WITHOUT_INSTANCE" in kept.records.candidate.unregistered
    assert kept.nothing_is_promoted


def test_such_a_model_cannot_be_published_by_hand(keep: Keep) -> None:
    kept = keep()
    with pytest.raises(RecordError, match="in no registry") as refused:
        publish_promotion(kept.ctx)
    assert "wms model adopt" in refused.value.remedy
    assert kept.nothing_is_promoted


@pytest.mark.parametrize("source", ["the records", "a parcel", "run/ itself"])
def test_adopted_it_is_registered_proposed_and_merged_as_it_was_judged(
    keep: Keep, tmp_path: Path, source: str
) -> None:
    kept = keep()
    ctx, records = kept.ctx, kept.records
    if source == "a parcel":
        left = shutil.ignore_patterns("dataset", "base", "checkpoints", "tree")
        shutil.copytree(ctx.layout.run, tmp_path / "parcel", ignore=left)
    if source != "run/ itself":
        shutil.rmtree(ctx.layout.run)
    named = {"the records": records.archive.digest, "a parcel": str(tmp_path / "parcel")}
    adopted = adopt_model(ctx, named.get(source, str(ctx.layout.run)))
    assert adopted.version == 1
    assert adopted.promotion is not None
    assert merge_promotion(ctx).version == 1
    assert production(ctx) is not None
    (version,) = ctx.ports.registry.versions()
    assert version.weights_sha256 == records.candidate.weights_sha256
    assert ctx.ports.registry.production() == 1


def test_a_run_that_was_adopted_is_brought_to_its_end_by_the_next_command(keep: Keep) -> None:
    kept = keep()
    adopt_model(kept.ctx, str(kept.ctx.layout.run))
    assert run_on(kept.ctx, kept.pairs, skill=90).outcome == "promoted"


def test_where_main_moved_the_model_is_registered_and_its_data_are_to_be_judged_anew(keep: Keep) -> None:
    kept = keep()
    repository = kept.ctx.ports.repository
    head = main_head(repository)
    moved = repository.commit(head, {METADATA_PATH: b"{}"}, message="Elsewhere")
    repository.push(moved, "main", expect=head)
    with pytest.raises(StaleBaseError, match="registered as v1") as stale:
        adopt_model(kept.ctx, str(kept.ctx.layout.run))
    assert "wms pipeline run data/" in stale.value.remedy
    assert len(kept.ctx.ports.registry.versions()) == 1


def test_a_held_model_is_registered_once_and_not_proposed(keep: Keep) -> None:
    kept = keep(skill=10)
    adopted = adopt_model(kept.ctx, str(kept.ctx.layout.run))
    assert (adopted.version, adopted.promotion) == (1, None)
    with pytest.raises(RecordError, match="registered already, as v1"):
        adopt_model(kept.ctx, str(kept.ctx.layout.run))


def test_what_is_no_kept_run_is_an_error(small_workspace: Open, tmp_path: Path) -> None:
    ctx = small_workspace()
    with pytest.raises(RecordError, match="neither a folder nor"):
        adopt_model(ctx, "nowhere")
    with pytest.raises(RecordError, match=r"holds no request\.json"):
        adopt_model(ctx, str(tmp_path))
    with pytest.raises(DataStoreError):
        adopt_model(ctx, "0" * 64)
