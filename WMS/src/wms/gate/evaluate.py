"""Score a model bundle on images, on ONNX Runtime: no torch, so the gate runs anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from wms.core.context import Context
from wms.core.cores import usable_cores
from wms.core.errors import Code, InputError
from wms.core.files import write_bytes, write_record
from wms.core.production import champion_bundle
from wms.core.progress import Progress
from wms.core.records.base import canonical_json
from wms.core.records.dataset import DatasetManifest, Sample, samples_digest
from wms.core.records.evaluation import EvalReport, SampleScore
from wms.data.assemble import require_dataset
from wms.gate.reference import REFERENCE, measure_reference, reference_samples
from wms.imaging.compare import compare_boundaries, count_pixels
from wms.imaging.files import read_pair
from wms.model.bundle import load_bundle
from wms.training.tracking import finish_tracking

MOST_ADDED = 300
"""Enough to notice one wrong mask in ten; more only take time."""


def evaluate_candidate(ctx: Context) -> EvalReport:
    """Score candidate and champion on main's test split, and on the test samples that the push added.

    With a champion, the candidate is also scored on the samples of the push in all splits: where it misses
    many of their masks, those may be wrong (`gate/rules.py`). What it finds on validation and test images
    becomes the reference of drift.
    """
    finish_tracking(ctx)
    require_dataset(ctx)
    layout, base, manifest = ctx.layout, ctx.base_manifest(), ctx.manifest()
    champion = champion_bundle(ctx)
    test, new = base.of_split("test"), manifest.of_split("test")
    sets = {"": (new, layout.dataset)}
    if champion is not None:
        known = {(sample.stem, sample.image_sha256, sample.mask_sha256) for sample in test}
        new = tuple(item for item in new if (item.stem, item.image_sha256, item.mask_sha256) not in known)
        sets = {"": (test, layout.base)} | ({"-newcomers": (new, layout.dataset)} if new else {})
    models = {"": layout.bundle} | ({"-champion": champion} if champion is not None else {})
    reports: dict[str, EvalReport] = {}
    for part, (samples, dataset) in sets.items():
        for role, bundle in models.items():
            new_or_not = "new " if part else ""
            ctx.progress.say(f"{role[1:] or 'candidate'} on {len(samples)} {new_or_not}test samples")
            name = f"evaluation{part}{role}"
            reports[name] = evaluate(
                bundle=bundle,
                samples=samples,
                dataset=dataset,
                mask_threshold=ctx.data_settings.validation.mask_threshold,
                progress=ctx.progress,
            )
            write_record(layout.record(name), reports[name])
    if champion is not None and (added := added_samples(base, manifest)):
        ctx.progress.say(f"candidate on {len(added)} new samples of all splits")
        report = evaluate(
            bundle=layout.bundle,
            samples=added,
            dataset=layout.dataset,
            mask_threshold=ctx.data_settings.validation.mask_threshold,
            progress=ctx.progress,
        )
        write_record(layout.record("evaluation-added"), report)
    write_record(
        layout.record(REFERENCE),
        measure_reference(
            bundle=layout.bundle,
            samples=reference_samples(manifest),
            dataset=layout.dataset,
            progress=ctx.progress,
        ),
    )
    summary = reports["evaluation"].summary
    write_bytes(layout.record("metrics"), canonical_json(summary.model_dump()))
    return reports["evaluation"]


def added_samples(base: DatasetManifest, manifest: DatasetManifest) -> tuple[Sample, ...]:
    """The samples that main does not have, or has with other bytes; of many, a fixed choice."""
    known = {(sample.image_sha256, sample.mask_sha256) for sample in base.samples}
    new = [item for item in manifest.samples if (item.image_sha256, item.mask_sha256) not in known]
    return tuple(sorted(new, key=lambda sample: sample.image_sha256)[:MOST_ADDED])


def evaluate(
    *, bundle: Path, samples: Sequence[Sample], dataset: Path, mask_threshold: int, progress: Progress
) -> EvalReport:
    """Count right and wrong pixels of every image, at its own upright resolution.

    Args:
        bundle: the model; its files are checked against its card first.
        samples: the images to score.
        dataset: the folder with `images/` and `masks/`.
        mask_threshold: the grey level (0..255) above which a mask pixel is window.
        progress: told about every image.

    Raises:
        InputError: there are no samples.
        ImageError: a file cannot be read, or a mask has another size than its image.
        RecordError, ModelError: the bundle is not whole.
    """
    if not samples:
        raise InputError("there are no test samples to evaluate on", Code.TOO_FEW_SAMPLES)
    ordered = sorted(samples, key=lambda sample: sample.stem)
    predictor = load_bundle(bundle)

    def score(sample: Sample) -> SampleScore:
        image, truth = read_pair(sample, dataset, threshold=mask_threshold)
        found = predictor.mask(image)
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
