"""The page for everybody: by keyboard and screen reader, on a phone, in the dark, without a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from inputs.browser import give, open_page, served
from wms.model.page import write_page

AXE = Path(__file__).parents[2] / "WMS/web/node_modules/axe-core/axe.min.js"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(with_photo, scheme):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; `make web` fetches it")
    page = with_photo
    page.wait_for_selector("#cut:not([hidden])")
    page.emulate_media(color_scheme=scheme)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then(({violations}) => violations.map(({id, impact, nodes}) => "
        "[id, impact, nodes.map(({html}) => html)]))"
    )
    page.emulate_media(color_scheme="light")
    assert found == []


def test_everything_is_reached_and_worked_by_keyboard(page, photos):
    with page.expect_file_chooser() as chooser:
        page.focus("#choose")  # waits for the page, so that it hands the chooser over before the key comes
        page.keyboard.press("Enter")
    chooser.value.set_files(photos[:2])
    page.get_by_text("2 of 2 photos done").wait_for()
    reached = []
    for _ in range(10):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.innerText"))
        if reached[-1] == "threshold":
            page.keyboard.press("ArrowRight")
            assert page.inner_text("#threshold-value") == "43 %"
    wanted = ["take", "threshold", "reset", "opacity", "save", "clear"]
    assert [name for name in reached if name in wanted] == wanted
    second = page.locator("#list button").nth(1)
    second.focus()
    page.keyboard.press("Enter")
    assert page.inner_text("#name") == photos[1].name


def test_a_screen_reader_is_told_about_progress_and_result(with_photo):
    assert with_photo.get_by_role("status").first.inner_text() == "1 of 1 photo done."
    with_photo.wait_for_selector("#overlay[aria-label*='covers']")


def test_a_phone_of_360_pixels_scrolls_in_one_direction_only(with_photo):
    page = with_photo
    page.set_viewport_size({"width": 360, "height": 740})
    widest = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1200, "height": 900})
    assert widest == 360


def test_after_the_first_visit_it_works_offline_and_with_threads(browser, small_bundle, photos, tmp_path):
    write_page(small_bundle, tmp_path / "site")
    context = browser.new_context()
    page = context.new_page()
    with served(tmp_path / "site") as address:
        open_page(page, address)
        assert page.is_visible("#offline")
    open_page(page, address)  # the server is gone
    assert page.evaluate("crossOriginIsolated")
    give(page, photos[:1])
    assert page.locator(".state").all_inner_texts() == ["done"]
    context.close()


def test_what_a_service_answers_beside_the_page_is_never_kept(page, site):
    """`wms serve` has the page at `/`, so its own answers lie in the worker's scope."""
    said = []
    for name in ("version", "metrics", "openapi.json"):
        for text in ("before", "after"):
            (site / name).write_text(text)
            said.append(page.evaluate("name => fetch(name, {cache: 'no-store'}).then(r => r.text())", name))
        (site / name).unlink()
    assert said == ["before", "after"] * 3


def test_a_full_storage_leaves_the_page_working_online_and_promises_no_more(browser, small_bundle, tmp_path):
    write_page(small_bundle, tmp_path / "site")
    context = browser.new_context()
    page = context.new_page()
    with served(tmp_path / "site") as address:
        # Room for the page's own files and the model, not for what runs it.
        context.new_cdp_session(page).send(
            "Storage.overrideQuotaForOrigin", {"origin": address.rstrip("/"), "quotaSize": 1_000_000}
        )
        open_page(page, address)
    assert page.evaluate("crossOriginIsolated")
    assert page.is_hidden("#offline")
    context.close()


def test_another_model_is_taken_at_the_next_visit(browser, small_bundle, tmp_path):
    context = browser.new_context()
    page = context.new_page()
    write_page(small_bundle, tmp_path / "site", version=1)
    with served(tmp_path / "site") as address:
        open_page(page, address)
        write_page(small_bundle, tmp_path / "site", version=2)
        open_page(page, address)
        assert "v2" in page.inner_text("#model")
    context.close()


def test_a_model_with_other_bytes_is_refused(browser, small_bundle, tmp_path):
    write_page(small_bundle, tmp_path / "site")
    model = tmp_path / "site/model.onnx"
    data = model.read_bytes()
    model.unlink()  # a hard link to the bundle's
    model.write_bytes(data[:-1] + b"!")
    context = browser.new_context()
    page = context.new_page()
    with served(tmp_path / "site") as address:
        page.goto(address)
        page.get_by_text("not the one that its card names").wait_for(timeout=60_000)
    context.close()
