"""Names of files: what may be used, and which names are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wms.core.names import name_problem, printable, stem_key, stem_of, utf8


@pytest.mark.parametrize(
    "name",
    ["meter 12.jpg", "zähler.png", "счётчик_5.jpeg", "水表.jpg", "a.b.c.jpg", "id_53_value_595_825.jpg"],
)
def test_spaces_and_letters_of_any_script_are_fine(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a\x1b[31m.jpg", r"control character U\+001B"),
        ("a\n.jpg", r"control character U\+000A"),
        ("gpj.\u202e.jpg", r"control character U\+202E"),
        ("a\\b.jpg", "part of a path"),
        ("../a.jpg", "part of a path"),
        ("a:b.jpg", "not allowed on every system"),
        (".hidden.jpg", "starts with a dot"),
        ("-rf.jpg", "a dash"),
        ("a .jpg", "ends with a dot or a space"),
        ("NUL.jpg", "reserved"),
        ("com1.tar.jpg", "reserved"),
        ("ü" * 101 + ".jpg", "longer than 200 bytes"),
        ("a\udcff.jpg", "not UTF-8"),
    ],
)
def test_a_name_that_does_not_travel_is_described(name: str, says: str) -> None:
    assert says.replace("\\", "") in (name_problem(name) or "")


def test_case_and_unicode_form_make_no_other_name() -> None:
    assert stem_key("Caf\u00e9") == stem_key("CAFE\u0301") == stem_key("caf\u00e9")
    assert stem_key("cafe") != stem_key("caf\u00e9")


def test_a_stem_loses_its_last_suffix_only() -> None:
    assert stem_of("meter.v2.jpg") == "meter.v2"
    assert stem_of("cafe\u0301.jpg") == "caf\u00e9"


@given(st.text(st.characters(codec=None, exclude_characters="/"), min_size=1))
def test_what_is_printable_can_be_encoded_and_controls_nothing(name: str) -> None:
    shown = printable(name)
    shown.encode()
    assert not any(char < " " or char == "\x7f" for char in shown)


def test_bytes_that_are_not_utf8_are_shown_in_hexadecimal() -> None:
    assert utf8(b"caf\xe9.jpg".decode("utf-8", "surrogateescape")) == "caf\\xe9.jpg"
