"""The photograph on which a new version is tried: of the test split, with what the gate measured for it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from wms.core.context import Context
from wms.core.errors import DeploymentError, RecordError
from wms.core.files import read_record, verify_sha256, write_record
from wms.core.ports import DataStore
from wms.core.production import main_head, manifest_at, metadata_history, require_file
from wms.core.records.dataset import DatasetManifest, Sample
from wms.core.records.deployment import SMOKE_FOLDER, SmokeResult, SmokeTest
from wms.core.records.evaluation import EvalReport
from wms.core.records.promotion import POINTER_PATH, ModelMetadata, RunArchive
from wms.imaging.files import read_image, read_mask
from wms.model.bundle import load_bundle
from wms.serving.smoke import SMOKE_FILE, judge

EVIDENCE = ("evaluation.json", "base.jsonl", "manifest.jsonl")
"""What of a run's records says how well its model did on which photographs."""


def prepare_smoke_test(ctx: Context, model: ModelMetadata, folder: Path) -> SmokeTest:
    """Put the smoke test of a model below the folder of its bundle.

    Raises:
        RecordError: main or the records of the model's run do not name such a photograph.
        DataStoreError: a file is not stored.
    """
    repository, store = ctx.ports.repository, ctx.ports.data_store
    promoted = next(
        commit.sha
        for commit, known in metadata_history(repository, main_head(repository))
        if (known.kind, known.version) == ("promotion", model.version)
    )
    evaluation = _evaluation(store, model)
    sample, dice = choose_photograph(evaluation, there=manifest_at(repository, promoted))
    pointer = require_file(repository, promoted, POINTER_PATH)
    place = folder / SMOKE_FOLDER
    # Names of photographs can say where they were taken.
    photograph, mask = (f"{kind}{Path(name).suffix.lower()}" for kind, name in
                        (("photograph", sample.image), ("mask", sample.mask)))  # fmt: skip
    for name, source, sha256 in (
        (photograph, f"images/{sample.image}", sample.image_sha256),
        (mask, f"masks/{sample.mask}", sample.mask_sha256),
    ):
        store.fetch_file(pointer, source, place / name)
        verify_sha256(place / name, sha256)
    test = SmokeTest(
        photograph=photograph,
        mask=mask,
        mask_threshold=ctx.data_settings.validation.mask_threshold,
        dice_at_least=max(0.0, dice - ctx.deploy_settings.smoke_tolerance),
        onnx_sha256=model.onnx_sha256,
    )
    write_record(place / SMOKE_FILE, test)
    return test


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What the gate measured, and the datasets of its run: main's before it, and the new one."""

    report: EvalReport
    base: DatasetManifest
    manifest: DatasetManifest


def choose_photograph(evaluation: Evaluation, *, there: DatasetManifest) -> tuple[Sample, float]:
    """The photograph on which the gate measured the best Dice, and that Dice: a fall from there shows most.

    `there` is the dataset that has its bytes. What the promotion itself replaced is left out.

    Raises:
        RecordError: the records name no such photograph.
    """
    report = evaluation.report
    seen = {
        _bytes_of(sample)
        for each in (evaluation.base, evaluation.manifest)
        if each.split_digest("test") == report.samples_sha256
        for sample in each.of_split("test")
    }
    test = {sample.stem: sample for sample in there.of_split("test") if _bytes_of(sample) in seen}
    scores = {score.stem: score.dice for score in report.scores if score.stem in test}
    if not scores:
        raise RecordError("the gate's evaluation has no photograph of the test split that main names")
    stem = max(sorted(scores), key=scores.__getitem__)
    return test[stem], scores[stem]


def _bytes_of(sample: Sample) -> tuple[str, str, str]:
    return sample.stem, sample.image_sha256, sample.mask_sha256


def try_bundle(folder: Path, test: SmokeTest) -> SmokeResult:
    """The smoke test on a bundle itself, before it goes anywhere.

    Raises:
        DeploymentError: it fails.
    """
    predictor, place = load_bundle(folder), folder / SMOKE_FOLDER
    found = predictor.mask(read_image(place / test.photograph))
    truth = read_mask(place / test.mask, threshold=test.mask_threshold)
    try:
        return judge(test, found, truth, digest=predictor.card.onnx_sha256)
    except DeploymentError as error:
        raise DeploymentError(f"the model fails its test, and nothing was deployed: {error}") from error


def _evaluation(store: DataStore, model: ModelMetadata) -> Evaluation:
    with tempfile.TemporaryDirectory(prefix="wms-deploy-") as name:
        folder = Path(name)
        store.get_blob(model.records_sha256, folder / "archive.json")
        stored = read_record(folder / "archive.json", RunArchive).files
        for file in EVIDENCE:
            if file not in stored:
                raise RecordError(f"the records of model v{model.version} have no {file}")
            store.get_blob(stored[file], folder / file)
        base, manifest = (
            DatasetManifest.from_jsonl((folder / file).read_bytes(), source=file) for file in EVIDENCE[1:]
        )
        return Evaluation(report=read_record(folder / EVIDENCE[0], EvalReport), base=base, manifest=manifest)
