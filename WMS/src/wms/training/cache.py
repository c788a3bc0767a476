"""Decoded, letterboxed samples on disk, so that each image is decoded only once.

All runs share the cache. Each sample is one file, named by everything that its bytes depend on, so a push of
fifty new pairs decodes fifty. Files are replaced whole, so a killed run leaves none half written. A file is
the bare pixels and their checksum: a damaged one is noticed and decoded again. Only the batch that is read
is in memory.
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

FORMAT = 4
"""Part of every name. Raise it when preprocessing changes, so that old files are no longer used."""

HALF = 128
"""A mask pixel of a cached sample (0..255) is window from here on."""

CHECKSUM_BYTES = 4
"""At the end of each file."""

FEW = 24
"""With fewer samples to decode, starting processes takes longer than it saves."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where samples' files are, and how they are read and letterboxed."""

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
        """Some samples by position.

        Returns:
            uint8, BxSxSx4: RGB and the mask (255 is window).

        Raises:
            StorageError: a file is missing or has the wrong size.
        """
        pixels = np.empty((len(indices), self.size_px, self.size_px, 4), dtype=np.uint8)
        for place, index in zip(pixels, indices, strict=True):
            _read_into(place, self.files[index])
        return pixels

    def batch(self, indices: Sequence[int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Like `pixels`, with images and masks separated.

        Returns:
            images, uint8, BxSxSx3, and masks, uint8, BxSxSx1.
        """
        pixels = self.pixels(indices)
        return pixels[..., :3], pixels[..., 3:]


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What a training learns from, and what it is validated on."""

    train: CachedSamples
    val: CachedSamples


def prepare(
    samples: Sequence[Sample], source: Source, *, folder: Path, workers: int, progress: Progress
) -> CachedSamples:
    """Decode the samples that are not in the cache, or damaged there; return all in their order.

    `folder` is the cache, made if missing; `workers` is how many processes may decode at once.

    Raises:
        ImageError: an image or mask cannot be read.
        StorageError: the cache cannot be written.
    """
    files = tuple(folder / name[:2] / f"{name}.rgbm" for name in (_key(s, source) for s in samples))
    missing = [(s, source, f) for s, f in zip(samples, files, strict=True) if not _is_whole(f, source)]
    if missing:
        _decode(missing, workers=workers, progress=progress)
    stems = tuple(sample.stem for sample in samples)
    return CachedSamples(stems=stems, files=files, size_px=source.spec.size_px)


def _decode(jobs: list[tuple[Sample, Source, Path]], *, workers: int, progress: Progress) -> None:
    label = "decoding images"
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
    image = read_image(source.dataset / "images" / sample.image)
    mask = read_mask(source.dataset / "masks" / sample.mask, threshold=source.mask_threshold)
    square, _ = letterbox_image(image, source.spec)
    pixels = np.dstack([square, letterbox_mask(mask, source.spec)]).tobytes()
    with replacing(file) as temporary:
        temporary.write_bytes(pixels + _checksum(pixels))


def _checksum(pixels: bytes) -> bytes:
    """CRC-32: fast, and enough to notice damage."""
    return zlib.crc32(pixels).to_bytes(CHECKSUM_BYTES, "big")


def _is_whole(file: Path, source: Source) -> bool:
    """Whether a sample is in the cache and not damaged."""
    if not file.is_file():
        return False
    try:
        data = file.read_bytes()
    except OSError as error:
        log.warning("a cached sample is decoded again: %s", error)
        return False
    pixels, checksum = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
    if len(pixels) == source.spec.size_px**2 * 4 and checksum == _checksum(pixels):
        return True
    log.warning("a cached sample is decoded again: %s is damaged", file)
    return False


def _key(sample: Sample, source: Source) -> str:
    depends_on = {
        "format": FORMAT,
        "image": sample.image_sha256,
        "mask": sample.mask_sha256,
        "mask_threshold": source.mask_threshold,
        "preprocessing": source.spec.model_dump(exclude_none=True),
    }
    return sha256_hex(canonical_json(depends_on))


def _read_into(place: NDArray[np.uint8], file: Path) -> None:
    """Fill one SxSx4 place; four times as fast as mapping the file into memory."""
    try:
        with file.open("rb", buffering=0) as stored:
            read, rest = stored.readinto(place.data), stored.read()
    except OSError as error:
        raise StorageError(f"cached sample {file} cannot be read: {error}") from error
    if read != place.nbytes or len(rest) != CHECKSUM_BYTES:
        raise StorageError(f"cached sample {file} has the wrong size")
