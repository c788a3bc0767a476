"""The reference of drift: what a candidate finds on images that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from wms.core.cores import usable_cores
from wms.core.errors import Code, RecordError
from wms.core.files import read_record
from wms.core.production import Blobs
from wms.core.progress import Progress
from wms.core.records.dataset import DatasetManifest, Sample, samples_digest
from wms.core.records.drift import DriftReference, count
from wms.core.records.measures import Measures
from wms.core.records.promotion import ModelMetadata, RunArchive
from wms.core.records.release import REFERENCE_FILE
from wms.imaging.files import read_image
from wms.imaging.measures import measure
from wms.model.bundle import Predictor, load_bundle

REFERENCE = REFERENCE_FILE.removesuffix(".json")
"""The record's name in a run's folder."""

MOST_IMAGES = 1000
"""More change no tenth of the distribution by a percentage point, and only take time."""


def reference_samples(manifest: DatasetManifest) -> tuple[Sample, ...]:
    """Validation and test images; of many, a fixed choice.

    Not the training images: a model is surer of what it learned from than of anything in production.
    """
    unlearned = (*manifest.of_split("val"), *manifest.of_split("test"))
    return tuple(sorted(unlearned, key=lambda sample: sample.image_sha256)[:MOST_IMAGES])


def measure_reference(
    *, bundle: Path, samples: Sequence[Sample], dataset: Path, progress: Progress
) -> DriftReference:
    """Measure a model on images, as the service measures what it answers.

    Args:
        bundle: the model; its files are checked against its card first.
        samples: the images; not empty.
        dataset: the folder with `images/`.
        progress: told about every image.

    Raises:
        ImageError: an image cannot be read.
        RecordError, ModelError: the bundle is not whole.
    """
    predictor = load_bundle(bundle)

    def read_and_measure(sample: Sample) -> Measures:
        return measure_answer(predictor, read_image(dataset / "images" / sample.image))

    with ThreadPoolExecutor(usable_cores()) as pool:
        done = progress.track(pool.map(read_and_measure, samples), label="measuring", total=len(samples))
        counts = count(done)
    return DriftReference(
        onnx_sha256=predictor.card.onnx_sha256,
        samples_sha256=samples_digest(samples),
        images=len(samples),
        counts=counts,
    )


def measure_answer(predictor: Predictor, image: NDArray[np.uint8]) -> Measures:
    """Measure an image and what a model finds in it.

    Args:
        predictor: the model.
        image: uint8, HxWx3, RGB, upright.
    """
    return measure(image, predictor.probability(image), predictor.card.threshold)


def stored_reference(model: ModelMetadata, blobs: Blobs) -> DriftReference | None:
    """The reference of a promoted model, from its run's archive; `None` if it was promoted without one.

    Raises:
        DataStoreError: the archive cannot be fetched.
        RecordError: a file has other bytes than recorded, or the reference is of another model.
    """
    with TemporaryDirectory() as folder:
        index = Path(folder) / "archive.json"
        blobs.get_blob(model.records_sha256, index)
        sha256 = read_record(index, RunArchive).files.get(REFERENCE_FILE)
        return None if sha256 is None else fetch_reference(sha256, blobs, model)


def fetch_reference(sha256: str, blobs: Blobs, model: ModelMetadata) -> DriftReference:
    """The reference of a model by its digest.

    Raises:
        DataStoreError, ForgeError: it cannot be fetched.
        RecordError: it has other bytes, or is of another model.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / REFERENCE_FILE
        blobs.get_blob(sha256, file)
        reference = read_record(file, DriftReference)
    if reference.onnx_sha256 != model.onnx_sha256:
        raise RecordError(
            f"the reference of drift is of the model {reference.onnx_sha256[:12]}…, not of v{model.version}",
            Code.DIGEST_MISMATCH,
        )
    return reference
