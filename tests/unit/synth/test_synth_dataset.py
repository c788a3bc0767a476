from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from wms.core.errors import InputError
from wms.synth.dataset import write_pairs
from wms.synth.render import render
from wms.synth.storage import Encoding, encode_photo, stored

SEED = 21


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("series")
    write_pairs(out, count=24, seed=SEED)
    return out


def test_every_image_has_one_mask_of_the_same_stem(written: Path) -> None:
    images = sorted(path.stem for path in (written / "images").iterdir())
    assert images == sorted(path.stem for path in (written / "masks").iterdir())
    assert len(images) == 24
    assert images[0].startswith("meter_21_0000_value_")


def test_an_image_depends_on_seed_and_number_alone(written: Path, tmp_path: Path) -> None:
    write_pairs(tmp_path, count=3, seed=SEED, start=7)
    later = contents(tmp_path)
    assert len(later) == 6
    assert later.items() <= contents(written).items()


def test_masks_fit_the_upright_image(written: Path) -> None:
    orientations = set()
    for index, path in enumerate(sorted((written / "images").iterdir())):
        mask = Image.open(next((written / "masks").glob(f"{path.stem}.*")))
        photo = Image.open(path)
        orientations.add(photo.getexif().get(0x0112))
        upright = ImageOps.exif_transpose(photo)
        assert upright.size == mask.size
        drawn = render(SEED, index)
        assert upright.size == drawn.image.size
        difference = np.asarray(upright, dtype=float) - np.asarray(drawn.image, dtype=float)
        assert np.abs(difference).mean() < 12
        agreement = (np.asarray(mask) > 127) == (np.asarray(drawn.mask()) > 127)
        assert agreement.mean() > 0.999
    assert orientations & {3, 6, 8}
    assert orientations & {0, 1}


def test_some_masks_are_jpeg_with_ringing_and_the_others_exact(written: Path) -> None:
    levels: dict[str, set[int]] = {".png": set(), ".jpg": set()}
    for path in (written / "masks").iterdir():
        levels[path.suffix] |= set(np.unique(np.asarray(Image.open(path))).tolist())
    assert levels[".png"] == {0, 255}
    assert len(levels[".jpg"]) > 2


@pytest.mark.parametrize("orientation", [0, 1, 3, 6, 8])
def test_a_stored_orientation_is_undone_by_exif(orientation: int, tmp_path: Path) -> None:
    upright = Image.new("RGB", (64, 32), (20, 20, 20))
    upright.paste((250, 250, 250), (0, 0, 24, 12))
    file = tmp_path / "photo.jpg"
    file.write_bytes(encode_photo(upright, Encoding(orientation=orientation)))
    opened = Image.open(file)
    assert opened.size == stored(upright, orientation).size
    shown = np.asarray(ImageOps.exif_transpose(opened).convert("L"), dtype=float)
    assert np.abs(shown - np.asarray(upright.convert("L"), dtype=float)).mean() < 3


def test_writing_the_same_images_again_is_fine(tmp_path: Path) -> None:
    write_pairs(tmp_path, count=2, seed=1)
    before = contents(tmp_path)
    write_pairs(tmp_path, count=2, seed=1)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("folder", ["images", "masks"])
def test_a_folder_with_other_files_is_refused_untouched(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "holiday.jpg").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"holiday\.jpg"):
        write_pairs(tmp_path, count=1, seed=1)
    assert contents(tmp_path) == {f"{folder}/holiday.jpg": b"mine"}


def test_mislabelled_pairs_have_the_right_images_and_other_masks(written: Path, tmp_path: Path) -> None:
    write_pairs(tmp_path, count=3, seed=SEED, start=4, mislabelled=True)
    right, wrong = contents(written), contents(tmp_path)
    assert len(wrong) == 6
    for name, data in wrong.items():
        assert (data == right[name]) == name.startswith("images/")
