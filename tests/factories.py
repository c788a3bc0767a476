"""Valid records for tests, each made by the code that makes them in earnest where there is some."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from wms.core.files import write_bytes, write_record
from wms.core.layout import Layout
from wms.core.records.base import sha256_hex
from wms.core.records.calibration import ProbabilityCounts
from wms.core.records.dataset import (
    BranchHead,
    DatasetManifest,
    Finding,
    IncomingPair,
    MergePlan,
    SampleFacts,
    ValidationReport,
    samples_digest,
)
from wms.core.records.decision import GateDecision, GateInputs, GatePolicy, TrainingGrowth
from wms.core.records.evaluation import EvalReport, SampleScore
from wms.core.records.metrics import Boundary, summarise
from wms.core.records.promotion import DatasetRef, Merged, ModelMetadata, Promotion, RunArchive
from wms.core.records.run import RunOptions, RunRequest, RunState
from wms.core.records.split import SplitOutcome, SplitPolicy
from wms.core.records.training import Candidate, EpochMetrics, Provenance, TrainResult
from wms.data.assign import assign
from wms.gate.decide import decide
from wms.report.records import RunRecords

NOW = datetime(2026, 11, 23, 8, 45, tzinfo=UTC)
BRANCH = "data/winter-round"


def sha256(of: str) -> str:
    """A digest that depends on nothing but `of`."""
    return sha256_hex(of.encode())


def git_sha(of: str) -> str:
    """A Git object name that depends on nothing but `of`."""
    return sha256(of)[:40]


def make_facts(stem: str, **changes: Any) -> SampleFacts:
    """An ordinary pair; its hashes follow from the stem, so that no two look alike."""
    values: dict[str, Any] = {
        "stem": stem,
        "image": f"{stem}.jpg",
        "mask": f"{stem}.png",
        "image_sha256": sha256(f"image {stem}"),
        "mask_sha256": sha256(f"mask {stem}"),
        "width_px": 640,
        "height_px": 480,
        "orientation": 1,
        "foreground_share": 0.02,
        "phash": sha256(f"look {stem}"),
    }
    return SampleFacts(**(values | changes))


def make_split_policy(**changes: Any) -> SplitPolicy:
    """The shares of `WMS/configs/data.yaml`."""
    values = {"train": 0.7, "val": 0.1, "test": 0.2, "near_duplicate_bits": 10}
    return SplitPolicy(**(values | changes))


def make_split(main: DatasetManifest, facts: Sequence[SampleFacts], *, branch: str = BRANCH) -> SplitOutcome:
    """NewSamples assigned by the real `assign`."""
    return assign(main, facts, added_by={item.stem: branch for item in facts}, policy=make_split_policy())


def make_manifest(count: int, *, prefix: str = "meter") -> DatasetManifest:
    """A dataset of `count` samples named `meter-0001` and so on, split in earnest."""
    facts = [make_facts(f"{prefix}-{number:04d}") for number in range(1, count + 1)]
    return make_split(DatasetManifest(), facts, branch="data/base").manifest


def make_score(stem: str, dice: float) -> SampleScore:
    """Counts whose Dice is `dice`, to the nearest pixel: as many pixels missed as wrongly marked."""
    window_px, image_px = 2000, 640 * 480
    hit = round(window_px * dice)
    wrong = window_px - hit
    return SampleScore(
        stem=stem,
        tp=hit,
        fp=wrong,
        fn=wrong,
        tn=image_px - hit - 2 * wrong,
        boundary=Boundary(f1=dice, hausdorff95_px=round(40.0 * (1.0 - dice), 3)),
    )


def make_report(
    dice: Sequence[float], *, weights: str = "candidate", stems: Sequence[str] = (), samples_sha256: str = ""
) -> EvalReport:
    """A report on images with these Dice values; stems are `picture-001` and so on unless given."""
    names = stems or [f"picture-{number:03d}" for number in range(1, len(dice) + 1)]
    return EvalReport(
        weights_sha256=sha256(f"weights {weights}"),
        onnx_sha256=sha256(f"onnx {weights}"),
        samples_sha256=samples_sha256 or sha256(" ".join(names)),
        threshold=0.5,
        scores=tuple(make_score(name, value) for name, value in zip(names, dice, strict=True)),
    )


def make_policy(**changes: Any) -> GatePolicy:
    """The policy of `WMS/configs/gate.yaml`, with fewer resamples."""
    values = {
        "floor_dice": 0.6,
        "floor_iou": 0.45,
        "min_pictures": 10,
        "confidence": 0.9,
        "resamples": 1000,
        "power": 0.8,
        "bootstrap_seed": 20261123,
    }
    return GatePolicy(**(values | changes))


def make_provenance(manifest: DatasetManifest) -> Provenance:
    """A provenance that names the manifest and its splits."""
    return Provenance(
        code_sha=git_sha("code"),
        package_version="0.1.0",
        manifest_sha256=manifest.digest,
        train_split_sha256=manifest.split_digest("train"),
        val_split_sha256=manifest.split_digest("val"),
        config_sha256=sha256("config"),
        seed=7,
    )


def make_train_result(manifest: DatasetManifest, *, epochs: int = 24, **changes: Any) -> TrainResult:
    """A training whose loss falls and whose validation Dice rises and then wavers."""
    history = tuple(
        EpochMetrics(
            epoch=number,
            train_loss=0.08 + 0.6 * math.exp(-number / 5),
            val_loss=0.12 + 0.55 * math.exp(-number / 5) + 0.01 * math.sin(number),
            val_dice=0.86 - 0.6 * math.exp(-number / 5) + 0.012 * math.sin(2 * number),
            learning_rate=1e-3,
            image_size_px=256,
            images_per_second=41.0,
            seconds=6.2,
        )
        for number in range(1, epochs + 1)
    )
    values: dict[str, Any] = {
        "run_id": "8f2c61d07a9b4f0e9a8f31d7c5b2e640",
        "provenance": make_provenance(manifest),
        "epochs": history,
        "best_epoch": max(1, epochs - 3),
        "stopped_early": True,
        "threshold": 0.5,
        "probabilities": ProbabilityCounts(
            window=tuple(k * k for k in range(100)), rest=tuple((99 - k) ** 3 for k in range(100))
        ),
        "bundle": "model",
        "weights_sha256": sha256("weights candidate"),
        "onnx_sha256": sha256("onnx candidate"),
        "parameters": 486_417,
        "seconds": 6.2 * epochs,
        "tracking_complete": True,
    }
    return TrainResult(**(values | changes))


def make_metadata(version: int = 6, **changes: Any) -> ModelMetadata:
    """A model in production."""
    values: dict[str, Any] = {
        "version": version,
        "weights_sha256": sha256(f"weights v{version}"),
        "onnx_sha256": sha256(f"onnx v{version}"),
        "run_id": "20261101-070000-0a1b2c",
        "tracking_run_id": "0c9e4f6a",
        "threshold": 0.5,
        "metrics": summarise([make_score(f"p{i}", 0.7 + 0.02 * i) for i in range(12)]),
        "dataset": DatasetRef(
            manifest_sha256=sha256("manifest"),
            pointer_md5=f"{sha256('md5')[:32]}.dir",
            train=84,
            val=12,
            test=24,
        ),
        "decision_sha256": sha256("decision"),
        "records_sha256": sha256("records"),
        "card_sha256": sha256("card"),
        "reason": "better at 95% confidence",
        "actor": "mara",
        "changed_at": NOW,
    }
    return ModelMetadata(**(values | changes))


def make_request(**changes: Any) -> RunRequest:
    """A run on one data branch."""
    values: dict[str, Any] = {
        "run_id": "20261123-084500-1a2b3c",
        "base_sha": git_sha("main"),
        "branches": (BranchHead(name=BRANCH, sha=git_sha("branch")),),
        "options": RunOptions(),
        "actor": "mara",
        "started_at": NOW,
    }
    return RunRequest(**(values | changes))


def make_finding(file: str = "images/meter-0001.jpg", **changes: Any) -> Finding:
    """An error about one file."""
    values: dict[str, Any] = {
        "rule": "truncated",
        "severity": "error",
        "file": file,
        "message": "the picture is cut off",
        "remedy": "Copy it again.",
    }
    return Finding(**(values | changes))


def make_merge(main: DatasetManifest, facts: Sequence[SampleFacts], *, branch: str = BRANCH) -> MergePlan:
    """A plan that adds every pair."""
    pairs = tuple(
        IncomingPair(
            stem=item.stem,
            image=item.image,
            mask=item.mask,
            image_source=f"{branch}/images/{item.image}",
            mask_source=f"{branch}/masks/{item.mask}",
            image_sha256=item.image_sha256,
            mask_sha256=item.mask_sha256,
            branch=branch,
        )
        for item in facts
    )
    return MergePlan(
        base_sha=git_sha("main"),
        base_manifest_sha256=main.digest,
        branches=(BranchHead(name=branch, sha=git_sha("branch")),),
        pairs=pairs,
    )


Story = Literal["first", "merged", "published", "held", "blocked", "failed"]


def write_run(layout: Layout, story: Story, *, findings: Sequence[Finding] = ()) -> None:
    """Write the records of a run that ended in this way into `layout.run`, all of them consistent."""
    main = DatasetManifest() if story == "first" else make_manifest(120)
    prefix = "meter" if story == "first" else "winter"
    facts = [make_facts(f"{prefix}-{number:04d}") for number in range(1, 61 if story == "first" else 31)]
    request, split = make_request(), make_split(main, facts)
    write_record(layout.record("request"), request)
    write_bytes(layout.base_manifest, main.to_jsonl())
    write_record(layout.record("merge"), make_merge(main, facts))
    validation = ValidationReport(checked_pairs=len(facts), findings=tuple(findings), facts=tuple(facts))
    write_record(layout.record("validation"), validation)
    if story == "blocked":
        _end(layout, data="failed")
        return
    write_record(layout.record("split"), split.plan)
    write_bytes(layout.manifest, split.manifest.to_jsonl())
    if story == "failed":
        _end(layout, **{"data": "done", "infra-up": "done", "train": "failed"})
        return
    train = make_train_result(split.manifest)
    candidate = Candidate(version=7, run_id=train.run_id, weights_sha256=train.weights_sha256)
    write_record(layout.record("train"), train)
    write_record(layout.record("candidate"), candidate)
    decision = _judge(layout, main, split.manifest, gain=-0.03 if story == "held" else 0.02)
    archive = RunArchive(
        run_id=request.run_id, verdict=decision.verdict, files={"decision.json": decision.digest}
    )
    write_record(layout.record("archive"), archive)
    if story != "held":
        _publish(layout, request, decision, archive, merged=story != "published")
    done = dict.fromkeys(("data", "infra-up", "train", "gate", "infra-down"), "done")
    more = {"held": {}, "published": {"publish": "done", "merge": "failed"}}
    _end(layout, **done, **more.get(story, {"publish": "done", "merge": "done"}))


def run_records(folder: Path, story: Story, *findings: Finding) -> RunRecords:
    """The records of such a run, written into the workspace `folder`."""
    layout = Layout(folder)
    write_run(layout, story, findings=findings)
    return RunRecords.load(layout.run)


def fill_datasets(layout: Layout) -> None:
    """Tiny images for every sample of the run's manifests."""
    for manifest, dataset in ((layout.base_manifest, layout.base), (layout.manifest, layout.dataset)):
        for folder in ("images", "masks"):
            (dataset / folder).mkdir(parents=True)
        for sample in DatasetManifest.from_jsonl(manifest.read_bytes(), source=str(manifest)).samples:
            Image.new("RGB", (40, 30)).save(dataset / "images" / sample.image)
            Image.new("L", (40, 30)).save(dataset / "masks" / sample.mask)


def _judge(layout: Layout, main: DatasetManifest, manifest: DatasetManifest, *, gain: float) -> GateDecision:
    """Evaluations of candidate and champion, `gain` apart on the mean, and the gate's decision on them."""
    chance = random.Random(5)
    first = not main.samples
    samples = (manifest if first else main).of_split("test")
    stems = [sample.stem for sample in samples]
    theirs = [min(0.97, max(0.0, chance.betavariate(7, 1.6))) for _ in stems]
    ours = [min(0.98, max(0.0, value + chance.gauss(gain, 0.03))) for value in theirs]
    digest = samples_digest(samples)
    reports = {"evaluation": make_report(ours, stems=stems, samples_sha256=digest)}
    if not first:
        champion = make_report(theirs, weights="v6", stems=stems, samples_sha256=digest)
        known = set(stems)
        new = [sample.stem for sample in manifest.of_split("test") if sample.stem not in known]
        values = [chance.betavariate(7, 1.6) for _ in new]
        reports["evaluation-champion"] = champion
        reports["evaluation-newcomers"] = make_report([min(1.0, v + gain) for v in values], stems=new)
        reports["evaluation-newcomers-champion"] = make_report(values, weights="v6", stems=new)
        known_of_all = {sample.stem for sample in main.samples}
        of_push = [sample.stem for sample in manifest.samples if sample.stem not in known_of_all]
        reports["evaluation-added"] = make_report([0.9] * len(of_push), stems=of_push)
    for name, report in reports.items():
        write_record(layout.record(name), report)
    before, after = (len(each.of_split("train")) for each in (main, manifest))
    inputs = GateInputs(
        training=TrainingGrowth(before=before, added=after - before),
        asked_before=0,
        tried_before=0,
        candidate=reports["evaluation"],
        champion=reports.get("evaluation-champion"),
        new_candidate=reports.get("evaluation-newcomers"),
        new_champion=reports.get("evaluation-newcomers-champion"),
        added=reports.get("evaluation-added"),
    )
    decision = decide(make_policy(), inputs)
    write_record(layout.record("decision"), decision)
    return decision


def _publish(
    layout: Layout, request: RunRequest, decision: GateDecision, archive: RunArchive, *, merged: bool
) -> None:
    promotion = Promotion(
        run_id=request.run_id,
        branch=f"promote/{request.run_id}",
        base_sha=request.base_sha,
        commit_sha=git_sha("promotion"),
        from_version=6 if decision.champion else None,
        to_version=7,
        decision_sha256=decision.digest,
        records_sha256=archive.digest,
        files={"model-metadata.json": sha256("metadata")},
        data_branches=request.branches,
        actor=request.actor,
        created_at=NOW,
        pull_request=12,
    )
    write_record(layout.record("promotion"), promotion)
    if merged:
        write_record(
            layout.record("merged"),
            Merged(
                pull_request=12,
                commit_sha=promotion.commit_sha,
                merge_sha=git_sha("merge"),
                version=7,
                deleted_branches=(BRANCH,),
            ),
        )


def _end(layout: Layout, **jobs: str) -> None:
    outcome = "promoted" if jobs.get("merge") == "done" else "held" if jobs.get("gate") == "done" else None
    if jobs.get("merge") == "failed":
        outcome = None
    state = RunState.model_validate({"run_id": make_request().run_id, "jobs": jobs, "outcome": outcome})
    write_record(layout.record("state"), state)
