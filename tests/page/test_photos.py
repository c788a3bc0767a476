"""Photographs through the page in a real Chromium."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from inputs.browser import give, mask_of, open_page, saved
from wms.core.files import sha256_file
from wms.imaging.files import read_image

DIFFERING = 0.001  # of the pixels


@pytest.fixture(scope="module")
def files(opened, photos):
    """The zip of all photos."""
    give(opened, photos)
    found = saved(opened)
    opened.click("#clear")
    return found


def test_the_page_and_python_give_the_same_masks(files, photos, predictor):
    for path in photos:
        found, expected = mask_of(files[f"masks/{path.stem}.png"]), predictor.mask(read_image(path))
        assert expected.any()
        assert found.shape == expected.shape
        assert (found != expected).mean() <= DIFFERING


def test_a_mask_is_saved_as_wms_predict_writes_it(files, photos):
    image = Image.open(io.BytesIO(files[f"masks/{photos[0].stem}.png"]))
    assert image.mode == "L"
    assert set(np.unique(np.asarray(image))) == {0, 255}


def test_the_zip_has_a_mask_and_a_straightened_window_of_each_photo(files, photos):
    stems = {path.stem for path in photos}
    assert set(files) == {f"masks/{stem}.png" for stem in stems} | {f"windows/{stem}.jpg" for stem in stems}
    for name, data in files.items():
        if name.startswith("windows/"):
            width, height = Image.open(io.BytesIO(data)).size
            assert width > height


def test_photos_of_one_name_are_saved_beside_each_other(page, photos, tmp_path):
    copy = tmp_path / photos[0].name
    copy.write_bytes(photos[2].read_bytes())
    give(page, [photos[0], copy])
    stem = photos[0].stem
    assert {f"masks/{stem}.png", f"masks/{stem}-2.png"} <= set(saved(page))


def test_the_threshold_decides_what_is_marked_and_saved(page, photos, predictor):
    give(page, photos[:1])
    page.locator("#threshold").fill("90")
    found = mask_of(saved(page)[f"masks/{photos[0].stem}.png"])
    expected = predictor.probability(read_image(photos[0])) > 0.9
    assert (found != expected).mean() <= DIFFERING
    page.click("#reset")
    assert page.input_value("#threshold") == "42"


def test_the_stage_shows_the_photo_chosen_last_even_if_an_earlier_one_is_slower(page, photos):
    give(page, photos[:2])
    rows = page.locator("#list button")
    sizes = []
    for number in (0, 1):
        rows.nth(number).click()
        page.wait_for_selector(f"#photo[alt='Photo {photos[number].name}']")
        sizes.append(page.evaluate("[photo.naturalWidth, photo.naturalHeight]"))
    assert sizes[0] != sizes[1]
    page.evaluate(
        """() => new Promise((done) => {
            const own = Response.prototype.arrayBuffer;
            Response.prototype.arrayBuffer = async function () {
                Response.prototype.arrayBuffer = own;
                await new Promise((resolve) => setTimeout(resolve, 500));
                setTimeout(done, 300);
                return own.call(this);
            };
            const [first, second] = document.querySelectorAll("#list button");
            first.click();
            second.click();
        })"""
    )
    assert page.inner_text("#name") == photos[1].name
    assert page.evaluate("[photo.naturalWidth, photo.naturalHeight]") == sizes[1]


def test_what_was_removed_while_it_was_saved_cannot_be_saved_again(with_photo):
    with with_photo.expect_download():
        with_photo.evaluate("save.click(); clear.click()")
    with_photo.get_by_text("Saved register-windows.zip").wait_for()
    assert with_photo.is_disabled("#save")


def test_it_says_which_model_it_runs(page, site):
    text = page.inner_text("#model")
    assert "v7" in text
    assert sha256_file(site / "model.onnx")[:12] in text


def half_jpeg(photo):
    return photo[: len(photo) // 2]


def huge_png(_):
    """A header of 200 megapixels, and hardly any data."""
    chunks = (("IHDR", struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)), ("IEND", b""))
    framed = (
        struct.pack(">I", len(data))
        + name.encode()
        + data
        + struct.pack(">I", zlib.crc32(name.encode() + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


BAD = {
    "text.jpg": (lambda _: b"no photo, just words\n", "This is text, not a photo"),
    "empty.jpg": (lambda _: b"", "The file is empty"),
    "half.jpg": (half_jpeg, "The JPEG is cut off or damaged"),
    "phone.heic": (
        lambda _: (
            b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", 4032, 3024)
        ),
        "This browser cannot decode HEIC",
    ),
    "huge.png": (huge_png, "The photo has 200 megapixels"),
    "bomb.zip": (lambda _: b"PK\x03\x04" + b"\0" * 100, "This is a ZIP archive"),
}


def test_bad_files_are_refused_in_one_sentence_each_and_the_others_go_on(page, photos, tmp_path):
    files = []
    for name, (make, _) in BAD.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(make(photos[0].read_bytes()))
    give(page, [*files, photos[0]])
    states = page.locator(".state").all_inner_texts()
    for said, (_, expected) in zip(states, BAD.values(), strict=False):
        assert said.startswith(expected)
    assert states[-1] == "done"
    assert "6 cannot be used" in page.inner_text("#status")


def test_nothing_is_sent_anywhere(context, page, photos, address):
    requests = []
    context.on("request", lambda request: requests.append(request))
    give(page, photos[:1])
    page.wait_for_selector("#cut:not([hidden])")
    sent = [item for item in requests if not item.url.startswith("blob:")]
    assert all(item.url.startswith(address) and item.method == "GET" for item in sent)


@pytest.mark.soak
def test_memory_is_flat_over_500_photos(browser, address, photos):
    context = browser.new_context()
    page = context.new_page()
    open_page(page, address)
    page.set_default_timeout(1_800_000)
    session = context.new_cdp_session(page)
    used = []
    for _ in range(2):
        give(page, (photos * 63)[:250])
        session.send("HeapProfiler.collectGarbage")
        used.append(page.evaluate("performance.memory.usedJSHeapSize"))
    context.close()
    assert used[1] - used[0] < 20e6
