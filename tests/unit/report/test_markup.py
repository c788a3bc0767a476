from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages import Page
from wms.report.markup import NAME_LIMIT, code, fitting, table, text, visible

HOSTILE = [
    "plain_name.jpg",
    "id_553_value_65_475.jpg",
    "a|b.jpg",
    "a\\|b.jpg",
    "a`b``c.jpg",
    "<img src=x onerror=alert(1)>.jpg",
    "</code></td></table><script>alert(1)</script>",
    "@octocat closes #1 GH-2.jpg",
    "*bold* _slanted_ ~~gone~~ [link](https://example.org) ![image](x)",
    "www.example.org http://example.org",
    "&lt;script&gt; &#64;octocat",
    "line\nbreak\r\n# heading",
    "right\u202eto left",
    " edges ",
    "> quote",
    "- item",
    "$x$",
    "Zähler Ž 水表.jpg",
]
ALLOWED = {"table", "thead", "tbody", "tr", "th", "td", "code", "p"}


def rendered(first: str, second: str) -> Page:
    return Page.of_markdown(table([(first, second)], ("a", "b"), "lr"))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_one_cell_of_code(name: str) -> None:
    page = rendered(code(name), "next")
    assert {tag for tag, _ in page.tags} <= ALLOWED
    assert [cell.strip() for cell in page.cells] == [visible(name, NAME_LIMIT).strip(), "next"]


@pytest.mark.parametrize("sentence", HOSTILE)
def test_a_hostile_sentence_stays_one_cell_of_text(sentence: str) -> None:
    page = rendered(text(sentence), "next")
    assert {tag for tag, _ in page.tags} <= ALLOWED - {"code"}
    shown = [cell.replace("\u200b", "").strip() for cell in page.cells]
    assert shown == [visible(sentence, 500).strip(), "next"]


names = st.text(alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("`|\\<>@#_*[]&\n ")))


@given(names.filter(lambda name: visible(name, NAME_LIMIT).strip() != ""))
def test_any_name_stays_one_cell_of_code(name: str) -> None:
    page = rendered(code(name), "next")
    assert {tag for tag, _ in page.tags} <= ALLOWED
    assert [cell.strip() for cell in page.cells] == [visible(name, NAME_LIMIT).strip(), "next"]


@given(names)
def test_any_sentence_keeps_to_its_cell(sentence: str) -> None:
    page = rendered(text(sentence), "next")
    assert {tag for tag, _ in page.tags} <= ALLOWED - {"code"}
    assert len(page.cells) == 2


@pytest.mark.parametrize("sentence", ["@octocat", "see @org/team", "closes #1", "fixes GH-12"])
def test_no_person_is_called_and_no_issue_is_closed(sentence: str) -> None:
    shown = html.unescape(text(sentence))
    assert not re.search(r"@\w|#\d|GH-\d", shown)


@pytest.mark.parametrize("sentence", ["> quote", "- item", "+ item", "# heading", "| cell |"])
def test_a_sentence_at_the_start_of_a_line_is_a_paragraph(sentence: str) -> None:
    assert Page.of_markdown(text(sentence)).tags == [("p", {})]


def test_ordinary_names_stay_readable_in_the_source() -> None:
    assert code("id_553_value_65_475.jpg") == "`id_553_value_65_475.jpg`"
    assert text("mask is 640x480 (id_553.jpg)") == "mask is 640x480 (id_553.jpg)"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a\nb\u202ec\x00", "a\\nb\\u202ec\\x00"), ("caf\udce9.jpg", "caf\\udce9.jpg")],
    ids=["control and direction characters", "bytes that are no text"],
)
def test_what_cannot_be_shown_is_spelled_out(name: str, shown: str) -> None:
    assert visible(name, 100) == shown


def test_long_names_are_cut_in_the_middle() -> None:
    shown = visible("a" * 300 + ".jpg", 21)
    assert len(shown) == 21
    assert shown == "a" * 10 + "…" + "a" * 6 + ".jpg"


def test_rows_are_cut_by_number_and_by_characters() -> None:
    rows = ["12345"] * 10
    assert len(fitting(rows, most=3, characters=1000)) == 3
    assert len(fitting(rows, most=10, characters=12)) == 2
    assert fitting(rows, most=10, characters=0) == []
