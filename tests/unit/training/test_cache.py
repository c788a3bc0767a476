import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from meters import write_dataset
from wms.core.errors import ImageError, StorageError
from wms.core.progress import Silent
from wms.core.records.training import Preprocessing
from wms.training.cache import Source, prepare

SPEC = Preprocessing(size_px=32, pad=114)


class Counting(Silent):
    """Counts what was decoded."""

    def __init__(self):
        self.decoded = 0

    def track(self, items, *, label, total):
        for item in items:
            self.decoded += 1
            yield item


def fill(manifest, dataset, folder, *, workers=1, spec=SPEC, mask_threshold=127):
    progress = Counting()
    source = Source(dataset=dataset, mask_threshold=mask_threshold, spec=spec)
    cached = prepare(manifest.samples, source, folder=folder, workers=workers, progress=progress)
    return cached, progress.decoded


def test_samples_come_back_in_their_order_with_picture_and_mask(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=3, val=0, test=0)
    cached, _ = fill(manifest, tmp_path / "data", tmp_path / "cache")
    pictures, masks = cached.batch([2, 0])
    assert cached.stems == ("train-000", "train-001", "train-002")
    assert pictures.shape == (2, 32, 32, 3)
    assert masks.shape == (2, 32, 32, 1)
    alone, _ = cached.batch([0])
    assert (pictures[1] == alone[0]).all()
    inside = masks[0, ..., 0] == 255
    assert pictures[0][inside].mean() > 150


def test_a_sample_is_decoded_once_and_shared_by_runs(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=3, val=0, test=0)
    assert fill(manifest, tmp_path / "data", tmp_path / "cache")[1] == 3
    assert fill(manifest, tmp_path / "data", tmp_path / "cache")[1] == 0


def test_only_new_samples_are_decoded_when_the_dataset_grows(tmp_path):
    fill(write_dataset(tmp_path / "data", train=3, val=0, test=0), tmp_path / "data", tmp_path / "cache")
    grown = write_dataset(tmp_path / "data", train=5, val=0, test=0)
    assert fill(grown, tmp_path / "data", tmp_path / "cache")[1] == 2


@pytest.mark.parametrize(
    "changed",
    [{"spec": Preprocessing(size_px=64, pad=114)}, {"mask_threshold": 60}],
    ids=["size", "threshold"],
)
def test_another_size_or_threshold_is_another_entry(tmp_path, changed):
    manifest = write_dataset(tmp_path / "data", train=2, val=0, test=0)
    fill(manifest, tmp_path / "data", tmp_path / "cache")
    assert fill(manifest, tmp_path / "data", tmp_path / "cache", **changed)[1] == 2


def test_processes_decode_the_same_as_one(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=30, val=0, test=0)
    one, _ = fill(manifest, tmp_path / "data", tmp_path / "one")
    many, decoded = fill(manifest, tmp_path / "data", tmp_path / "many", workers=2)
    assert decoded == 30
    everything = range(30)
    for first, second in zip(one.batch(everything), many.batch(everything), strict=True):
        assert np.array_equal(first, second)


def test_an_unreadable_picture_is_an_error_and_keeps_what_was_decoded(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=3, val=0, test=0)
    broken = tmp_path / "data/images/train-002.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"train-002\.png"):
        fill(manifest, tmp_path / "data", tmp_path / "cache")
    Image.new("RGB", (64, 48)).save(broken)
    assert fill(manifest, tmp_path / "data", tmp_path / "cache")[1] == 1


def truncate(path):
    path.write_bytes(path.read_bytes()[:-300])


def flip(path):
    data = bytearray(path.read_bytes())
    data[-300] ^= 0xFF
    path.write_bytes(data)


def take_another_size(path):
    pixels = bytes(8 * 8 * 4)
    path.write_bytes(pixels + zlib.crc32(pixels).to_bytes(4, "big"))


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncate, flip, take_another_size, empty])
def test_a_damaged_entry_is_decoded_anew(tmp_path, damage):
    manifest = write_dataset(tmp_path / "data", train=3, val=0, test=0)
    before, _ = fill(manifest, tmp_path / "data", tmp_path / "cache")
    pixels = before.batch([0, 1, 2])
    damage(before.files[1])
    after, decoded = fill(manifest, tmp_path / "data", tmp_path / "cache")
    assert decoded == 1
    for old, new in zip(pixels, after.batch([0, 1, 2]), strict=True):
        assert np.array_equal(old, new)


@pytest.mark.parametrize("damage", [truncate, take_another_size, Path.unlink])
def test_an_entry_that_is_damaged_while_it_is_used_is_an_error_that_names_it(tmp_path, damage):
    manifest = write_dataset(tmp_path / "data", train=1, val=0, test=0)
    cached, _ = fill(manifest, tmp_path / "data", tmp_path / "cache")
    damage(cached.files[0])
    with pytest.raises(StorageError, match=cached.files[0].name):
        cached.batch([0])
