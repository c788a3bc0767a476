"""The page with the network that ships with wms, in one Chromium for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from factories import make_manifest, make_provenance
from inputs.browser import chromium, give, missing, open_page, served
from meters import export_bundle
from pipeline.small import write_bundle
from wms.core.records.training import Preprocessing
from wms.imaging.files import read_image
from wms.imaging.preprocess import preprocess
from wms.model.bundle import Predictor, load_bundle
from wms.model.page import write_page
from wms.synth.dataset import write_pairs
from wms.training.pretrained import load_pretrained
from wms.training.unet import build

lacking = missing()

SPEC = Preprocessing(size_px=256, pad=114, close_up=0.5)
VERSION = 7


@pytest.fixture(scope="session", autouse=True)
def _tools() -> None:
    if lacking:
        pytest.skip(lacking)


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Rendered meters; the second is stored turned, the last is a PNG with see-through corners."""
    folder = tmp_path_factory.mktemp("photos")
    write_pairs(folder, count=4, seed=11)
    found = sorted((folder / "images").iterdir())
    image = Image.fromarray(read_image(found[1]))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.transpose(Image.Transpose.ROTATE_90).save(found[1], exif=exif, quality=92)
    clear = Image.open(found[3]).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 90, 90))
    clear.save(found[3].with_suffix(".png"))
    return [*found[:3], found[3].with_suffix(".png")]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory, photos: list[Path]) -> Path:
    folder = tmp_path_factory.mktemp("model")
    card, weights = load_pretrained()
    network = build(card.architecture, seed=0)
    network.load_state_dict(weights)
    export_bundle(
        folder,
        network=network,
        architecture=card.architecture,
        preprocessing=SPEC,
        threshold=0.42,
        provenance=make_provenance(make_manifest(10)),
        squares=np.concatenate([preprocess(read_image(photo), SPEC)[0] for photo in photos]),
    )
    return folder


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that loads in half the time, where its masks do not matter."""
    folder = tmp_path_factory.mktemp("small") / "model"
    write_bundle(folder, skill=1.0, provenance=make_provenance(make_manifest(10)))
    return folder


@pytest.fixture(scope="session")
def predictor(bundle: Path) -> Predictor:
    return load_bundle(bundle)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Path:
    folder = tmp_path_factory.mktemp("site") / "page"
    write_page(bundle, folder, version=VERSION)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with served(site) as found:
        yield found


@pytest.fixture(scope="session")
def context(browser):
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    yield context
    context.close()


@pytest.fixture(scope="session")
def opened(context, address):
    page = context.new_page()
    open_page(page, address)
    return page


@pytest.fixture
def page(opened):
    """The page without photos, with the model's own threshold."""
    yield opened
    if opened.is_visible("#clear"):
        opened.click("#reset")
        opened.click("#clear")


@pytest.fixture
def with_photo(page, photos):
    give(page, photos[:1])
    return page
