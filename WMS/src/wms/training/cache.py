"""Decoded, letterboxed samples on disk, so that a picture is decoded once and never again.

One file a sample, named by everything that its bytes depend on, is shared by all runs: a push of
fifty new pairs decodes fifty. Files are written beside their place and renamed, so a killed run
leaves none half written. A file is the bare pixels and their checksum, which tells one that was
damaged later; that sample is decoded anew. A batch is read straight into its place, so nothing else
of the dataset is held in memory by the process.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wms.core.errors import StorageError
from wms.core.files import replacing
from wms.core.progress import Progress
from wms.core.records.base import canonical_json, sha256_hex
from wms.core.records.dataset import Sample
from wms.core.records.training import Preprocessing
from wms.imaging.files import read_image, read_mask
from wms.imaging.preprocess import letterbox_image, letterbox_mask

log = logging.getLogger(__name__)

FORMAT = 3
"""Part of every name; raised when preprocessing changes, which makes old files stay unused."""

CHECKSUM_BYTES = 4
"""At the end of each file."""

FEW = 24
"""Below this many samples to decode, starting processes takes longer than they save."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where samples' files lie and how they are read and fitted."""

    dataset: Path
    mask_threshold: int
    spec: Preprocessing


@dataclass(frozen=True, kw_only=True)
class CachedSamples:
    """Samples in a fixed order, each a file of uint8, SxSx4: RGB and the mask (0..255)."""

    stems: tuple[str, ...]
    files: tuple[Path, ...]
    size_px: int

    def __len__(self) -> int:
        return len(self.files)

    def pixels(self, indices: Sequence[int]) -> NDArray[np.uint8]:
        """Some samples by position, as they lie in the cache.

        Returns:
            uint8, BxSxSx4: RGB and the mask (255 is window).

        Raises:
            StorageError: a file is gone or has another size than it was written with.
        """
        pixels = np.empty((len(indices), self.size_px, self.size_px, 4), dtype=np.uint8)
        for place, index in zip(pixels, indices, strict=True):
            _read_into(place, self.files[index])
        return pixels

    def batch(self, indices: Sequence[int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Some samples by position, pictures and masks apart; otherwise like `pixels`.

        Returns:
            pictures, uint8, BxSxSx3, and masks, uint8, BxSxSx1.
        """
        pixels = self.pixels(indices)
        return pixels[..., :3], pixels[..., 3:]


def prepare(
    samples: Sequence[Sample], source: Source, *, folder: Path, workers: int, progress: Progress
) -> CachedSamples:
    """Decode what is not whole in the cache, by processes, and return all samples in their order.

    Args:
        samples: what to prepare.
        source: where the files lie, and how they are fitted.
        folder: the cache; made if missing.
        workers: how many processes may decode at once.
        progress: told about every decoded sample.

    Raises:
        ImageError: a picture or mask cannot be read.
        StorageError: the cache cannot be written.
    """
    files = tuple(folder / name[:2] / f"{name}.rgbm" for name in (_key(s, source) for s in samples))
    missing = [(s, source, f) for s, f in zip(samples, files, strict=True) if not _is_whole(f, source)]
    if missing:
        _decode(missing, workers=workers, progress=progress)
    stems = tuple(sample.stem for sample in samples)
    return CachedSamples(stems=stems, files=files, size_px=source.spec.size_px)


def _decode(jobs: list[tuple[Sample, Source, Path]], *, workers: int, progress: Progress) -> None:
    label = "decoding pictures"
    if workers == 1 or len(jobs) < FEW:
        for job in progress.track(jobs, label=label, total=len(jobs)):
            _store(job)
        return
    # Spawned, not forked: a fork of a process that has run torch may inherit locked mutexes.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        done = pool.map(_store, jobs, chunksize=4)
        for _ in progress.track(done, label=label, total=len(jobs)):
            pass


def _store(job: tuple[Sample, Source, Path]) -> None:
    sample, source, file = job
    picture = read_image(source.dataset / "images" / sample.image)
    mask = read_mask(source.dataset / "masks" / sample.mask, threshold=source.mask_threshold)
    square, _ = letterbox_image(picture, source.spec)
    pixels = np.dstack([square, letterbox_mask(mask, source.spec)]).tobytes()
    with replacing(file) as temporary:
        temporary.write_bytes(pixels + _checksum(pixels))


def _checksum(pixels: bytes) -> bytes:
    """CRC-32; it notices damage and costs next to nothing."""
    return zlib.crc32(pixels).to_bytes(CHECKSUM_BYTES, "big")


def _is_whole(file: Path, source: Source) -> bool:
    """Whether a sample lies in the cache as it was written."""
    if not file.is_file():
        return False
    try:
        data = file.read_bytes()
    except OSError as error:
        log.warning("a cached sample is decoded anew: %s", error)
        return False
    pixels, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
    if len(pixels) == source.spec.size_px**2 * 4 and checksum == _checksum(pixels):
        return True
    log.warning("a cached sample is decoded anew: %s was damaged", file)
    return False


def _key(sample: Sample, source: Source) -> str:
    depends_on = {
        "format": FORMAT,
        "image": sample.image_sha256,
        "mask": sample.mask_sha256,
        "mask_threshold": source.mask_threshold,
        "preprocessing": source.spec.model_dump(),
    }
    return sha256_hex(canonical_json(depends_on))


def _read_into(place: NDArray[np.uint8], file: Path) -> None:
    """Fill one SxSx4 place; a quarter of the time of mapping the file, which pays for each page."""
    try:
        with file.open("rb", buffering=0) as stored:
            read, rest = stored.readinto(place.data), stored.read()
    except OSError as error:
        raise StorageError(f"cached sample {file} cannot be read: {error}") from error
    if read != place.nbytes or len(rest) != CHECKSUM_BYTES:
        raise StorageError(f"cached sample {file} has another size than it was written with")
