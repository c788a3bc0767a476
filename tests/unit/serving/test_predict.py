"""Masks for files and folders, with a model that is written down: it finds red."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from factories import make_manifest, make_provenance
from pipeline.small import write_bundle, write_small_pairs
from wms.core.errors import ImageError, InputError, NothingToDoError
from wms.core.progress import Silent
from wms.serving.predict import Predicted, predict_images


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    write_bundle(tmp_path / "model", skill=1.0, provenance=make_provenance(make_manifest(10)))
    return tmp_path / "model"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_small_pairs(tmp_path / "pairs", count=2, seed=1) / "images"


def predict(bundle: Path, *images: Path, out: Path, overlays: Path | None = None) -> Predicted:
    return predict_images(images, bundle=bundle, out=out, overlays=overlays, progress=Silent())


def test_a_folder_gives_a_mask_of_0_and_255_for_each_picture(
    bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    assert len(predict(bundle, pictures, out=tmp_path / "masks").masks) == 2
    for picture in pictures.iterdir():
        mask = np.asarray(Image.open(tmp_path / "masks" / picture.name))
        assert mask.shape == (96, 128)
        assert set(np.unique(mask)) == {0, 255}


def test_a_picture_that_is_stored_turned_gets_an_upright_mask(
    bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(pictures / "meter-1-000.png") as image:
        image.save(tmp_path / "turned.jpg", exif=exif)
    predict(bundle, tmp_path / "turned.jpg", out=tmp_path / "masks")
    assert Image.open(tmp_path / "masks/turned.png").size == (96, 128)


def test_an_overlay_differs_from_the_picture_only_where_the_mask_is(
    bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    predict(bundle, pictures, out=tmp_path / "masks", overlays=tmp_path / "look")
    for picture in pictures.iterdir():
        mask = np.asarray(Image.open(tmp_path / "masks" / picture.name)) > 0
        before, after = (
            np.asarray(Image.open(folder / picture.name)) for folder in (pictures, tmp_path / "look")
        )
        np.testing.assert_array_equal((before != after).any(axis=-1), mask)


def test_photographs_are_never_overwritten(bundle: Path, pictures: Path) -> None:
    before = {path: path.read_bytes() for path in pictures.iterdir()}
    with pytest.raises(InputError, match="would be overwritten"):
        predict(bundle, pictures, out=pictures)
    assert {path: path.read_bytes() for path in pictures.iterdir()} == before


def test_masks_and_overlays_need_folders_of_their_own(bundle: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="overwrite each other"):
        predict(bundle, pictures, out=tmp_path / "out", overlays=tmp_path / "out")


def test_two_pictures_of_one_stem_do_not_share_a_mask(bundle: Path, pictures: Path, tmp_path: Path) -> None:
    with Image.open(pictures / "meter-1-000.png") as image:
        image.save(tmp_path / "meter-1-000.jpg")
    with pytest.raises(InputError, match=r"both be written as meter-1-000\.png"):
        predict(bundle, pictures, tmp_path / "meter-1-000.jpg", out=tmp_path / "masks")
    assert not (tmp_path / "masks").exists()


def test_a_picture_that_is_named_twice_is_done_once(bundle: Path, pictures: Path, tmp_path: Path) -> None:
    assert len(predict(bundle, pictures, pictures / "meter-1-000.png", out=tmp_path / "masks").masks) == 2


def test_a_folder_without_pictures_is_an_error(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDoError, match="no images"):
        predict(bundle, tmp_path / "empty", out=tmp_path / "masks")


def test_files_that_are_no_pictures_are_named_and_the_others_done(
    bundle: Path, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "a-note.jpg").write_text("nothing to see")
    (pictures / "z-empty.png").write_bytes(b"")
    done = predict(bundle, pictures, out=tmp_path / "masks")
    assert [path.name for path in done.masks] == ["meter-1-000.png", "meter-1-001.png"]
    assert sorted(path.name for path in (tmp_path / "masks").iterdir()) == [path.name for path in done.masks]
    with pytest.raises(
        ImageError, match=r"(?s)2 of 4 .*written: 2.*a-note\.jpg is not an .*z-empty\.png is not an"
    ):
        done.require_all()


def test_nothing_refused_is_no_error(bundle: Path, pictures: Path, tmp_path: Path) -> None:
    predict(bundle, pictures, out=tmp_path / "masks").require_all()
