"""Score a model bundle on pictures, on ONNX Runtime: no torch, so the gate runs anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wms.core.context import Context
from wms.core.cores import usable_cores
from wms.core.errors import TooFewSamplesError
from wms.core.files import write_bytes, write_record
from wms.core.production import champion_bundle
from wms.core.progress import Progress
from wms.core.records.base import canonical_json
from wms.core.records.dataset import Sample, samples_digest
from wms.core.records.evaluation import EvalReport, SampleScore
from wms.data.assemble import require_dataset
from wms.imaging.compare import compare_boundaries, count_pixels
from wms.imaging.files import read_pair
from wms.model.bundle import load_bundle
from wms.training.tracking import finish_tracking


def evaluate_candidate(ctx: Context) -> EvalReport:
    """Score the candidate, and the champion, on main's test split and on its newcomers."""
    finish_tracking(ctx)
    require_dataset(ctx)
    layout, base, manifest = ctx.layout, ctx.base_manifest(), ctx.manifest()
    champion = champion_bundle(ctx)
    bundles = {"evaluation": layout.bundle}
    if champion is not None:
        bundles["evaluation-champion"] = champion
    frozen = base.of_split("test")
    known = {(sample.stem, sample.image_sha256, sample.mask_sha256) for sample in frozen}
    newcomers = [
        sample
        for sample in manifest.of_split("test")
        if (sample.stem, sample.image_sha256, sample.mask_sha256) not in known
    ]
    deciding = (frozen, layout.base) if champion is not None else (manifest.of_split("test"), layout.dataset)
    wanted = [(name, bundle, *deciding) for name, bundle in bundles.items()]
    if champion is not None and newcomers:
        wanted += [
            (name.replace("evaluation", "evaluation-newcomers", 1), bundle, tuple(newcomers), layout.dataset)
            for name, bundle in bundles.items()
        ]
    reports = {}
    for name, bundle, samples, folder in wanted:
        ctx.progress.say(f"{name}: {len(samples)} pictures")
        reports[name] = evaluate(
            bundle=bundle,
            samples=samples,
            dataset=folder,
            mask_threshold=ctx.data_settings.validation.mask_threshold,
            progress=ctx.progress,
        )
        write_record(layout.record(name), reports[name])
    summary = reports["evaluation"].summary
    write_bytes(layout.record("metrics"), canonical_json(summary.model_dump()))
    return reports["evaluation"]


def evaluate(
    *, bundle: Path, samples: Sequence[Sample], dataset: Path, mask_threshold: int, progress: Progress
) -> EvalReport:
    """Count right and wrong pixels of every picture, at its own upright resolution.

    Args:
        bundle: the model; its files are checked against its card first.
        samples: the pictures to score.
        dataset: the folder with `images/` and `masks/`.
        mask_threshold: the grey level (0..255) above which a mask pixel is window.
        progress: told about every picture.

    Raises:
        TooFewSamplesError: there are no samples.
        ImageError: a file cannot be read, or a mask has another size than its picture.
        RecordError, DigestMismatchError, ModelError: the bundle is not whole.
    """
    if not samples:
        raise TooFewSamplesError("there are no pictures to evaluate on")
    ordered = sorted(samples, key=lambda sample: sample.stem)
    predictor = load_bundle(bundle)

    def score(sample: Sample) -> SampleScore:
        picture, truth = read_pair(sample, dataset, threshold=mask_threshold)
        found = predictor.mask(picture)
        counts, boundary = count_pixels(found, truth), compare_boundaries(found, truth)
        return SampleScore(stem=sample.stem, boundary=boundary, **counts.model_dump())

    # Decoding, scaling and inference all release the interpreter's lock, so threads are enough.
    with ThreadPoolExecutor(usable_cores()) as pool:
        done = pool.map(score, ordered)
        scores = tuple(progress.track(done, label="evaluating", total=len(ordered)))
    return EvalReport(
        weights_sha256=predictor.card.weights_sha256,
        onnx_sha256=predictor.card.onnx_sha256,
        samples_sha256=samples_digest(ordered),
        threshold=predictor.card.threshold,
        scores=scores,
    )
