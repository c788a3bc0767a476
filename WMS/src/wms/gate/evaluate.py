"""Score a model bundle on pictures, on ONNX Runtime: no torch, so the gate runs anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wms.core.cores import usable_cores
from wms.core.errors import ImageError, TooFewSamplesError
from wms.core.progress import Progress
from wms.core.records.dataset import Sample, samples_digest
from wms.core.records.evaluation import EvalReport, SampleScore
from wms.imaging.compare import compare_boundaries, count_pixels
from wms.imaging.files import read_mask, read_picture
from wms.model.bundle import Predictor, load_bundle


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
        return score_sample(predictor, sample, dataset=dataset, mask_threshold=mask_threshold)

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


def score_sample(predictor: Predictor, sample: Sample, *, dataset: Path, mask_threshold: int) -> SampleScore:
    """One picture's counts and outline.

    Raises:
        ImageError: a file cannot be read, or the mask has another size than the picture.
    """
    picture = read_picture(dataset / "images" / sample.image)
    there = read_mask(dataset / "masks" / sample.mask, threshold=mask_threshold)
    if there.shape != picture.shape[:2]:
        raise ImageError(f"mask {sample.mask} is {_size(there)}, its picture {sample.image} {_size(picture)}")
    found = predictor.mask(picture)
    counts, boundary = count_pixels(found, there), compare_boundaries(found, there)
    return SampleScore(stem=sample.stem, boundary=boundary, **counts.model_dump())


def _size(pixels: NDArray[np.generic]) -> str:
    return f"{pixels.shape[1]}x{pixels.shape[0]}"
