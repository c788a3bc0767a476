import shutil

import numpy as np
import pytest
from PIL import Image

from factories import make_manifest, make_provenance
from meters import export_bundle, write_dataset
from wms.core.errors import ImageError, InputError, RecordError
from wms.core.progress import Silent
from wms.core.records.dataset import samples_digest
from wms.core.records.training import Architecture, Preprocessing
from wms.gate.evaluate import evaluate


@pytest.fixture
def manifest(tmp_path):
    return write_dataset(tmp_path / "data", train=0, val=0, test=6)


@pytest.fixture
def bundle(tmp_path):
    architecture = Architecture(base_width=8, depth=2, stem_stride=1)
    export_bundle(
        tmp_path / "model",
        architecture=architecture,
        preprocessing=Preprocessing(size_px=32, pad=114),
        threshold=0.02,
        provenance=make_provenance(make_manifest(10)),
    )
    return tmp_path / "model"


def run(tmp_path, bundle, samples, *, mask_threshold=127):
    return evaluate(
        bundle=bundle,
        samples=samples,
        dataset=tmp_path / "data",
        mask_threshold=mask_threshold,
        progress=Silent(),
    )


def test_counts_are_of_every_pixel_at_the_pictures_own_size(tmp_path, manifest, bundle):
    report = run(tmp_path, bundle, manifest.samples)
    for score in report.scores:
        mask = np.asarray(Image.open(tmp_path / "data/masks" / f"{score.stem}.png")) > 127
        assert score.tp + score.fp + score.fn + score.tn == 48 * 64
        assert score.tp + score.fn == mask.sum()


def test_a_picture_stored_rotated_is_scored_upright(tmp_path, manifest, bundle):
    straight = run(tmp_path, bundle, manifest.samples)
    for sample in manifest.samples:
        path = tmp_path / "data/images" / sample.image
        with Image.open(path) as picture:
            turned = picture.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[0x0112] = 6  # shown turned by 90 degrees clockwise
        turned.save(path, exif=exif)
    assert run(tmp_path, bundle, manifest.samples).scores == straight.scores


def test_the_report_is_the_same_in_any_order_of_samples(tmp_path, manifest, bundle):
    forward = run(tmp_path, bundle, manifest.samples)
    assert run(tmp_path, bundle, manifest.samples[::-1]) == forward
    assert [score.stem for score in forward.scores] == sorted(s.stem for s in manifest.samples)
    assert forward.samples_sha256 == samples_digest(manifest.samples)


def test_no_samples_is_an_error(tmp_path, bundle):
    with pytest.raises(InputError):
        run(tmp_path, bundle, ())


def test_a_mask_of_another_size_is_an_error(tmp_path, manifest, bundle):
    sample = manifest.samples[2]
    Image.new("L", (10, 10)).save(tmp_path / "data/masks" / sample.mask)
    with pytest.raises(ImageError, match=sample.mask):
        run(tmp_path, bundle, manifest.samples)


def test_a_missing_picture_is_an_error(tmp_path, manifest, bundle):
    (tmp_path / "data/images" / manifest.samples[0].image).unlink()
    with pytest.raises(ImageError, match=manifest.samples[0].image):
        run(tmp_path, bundle, manifest.samples)


def test_a_changed_bundle_is_an_error(tmp_path, manifest, bundle):
    shutil.copyfile(bundle / "model.safetensors", bundle / "model.onnx")
    with pytest.raises(RecordError):
        run(tmp_path, bundle, manifest.samples)
