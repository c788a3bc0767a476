"""The environment of the Markdown templates escapes whatever it is not told to let through."""

from __future__ import annotations

import re
import subprocess
import sys

import jinja2
import pytest

from pages import Page
from wms.report.markup import Markdown, names, url
from wms.report.render import environment, render, sentence

HOSTILE = "<b>|`@octocat` closes #1 [x](http://y)"


@pytest.mark.parametrize(
    "source",
    [
        "{{ name }}",
        "{{ [name] | join(', ') }}",
        "{{ 'a ' ~ name }}",
        "{{ '%s' | format(name) }}",
        "{% macro shown(it) %}{{ it }}{% endmacro %}{{ shown(name) }}",
        "{% set it %}{{ name }}{% endset %}{{ it }}",
        "{{ [[name, name]] | table(['a', name], 'lc') }}",
        "{{ [name] | names }}",
    ],
)
def test_what_is_no_markdown_is_escaped_however_it_is_put_together(source: str) -> None:
    shown = environment().from_string(source).render(name=HOSTILE)
    page = Page.of_markdown(shown)
    assert "octocat" in page.text
    assert not {"b", "a", "img"} & {tag for tag, _ in page.tags}
    assert not re.search(r"@octocat|(?<!&)#1", shown)


def test_markdown_is_let_through_and_a_name_that_is_missing_is_an_error() -> None:
    assert environment().from_string("{{ it }}").render(it=Markdown("**bold**")) == "**bold**"
    with pytest.raises(jinja2.UndefinedError):
        environment().from_string("{{ it }}").render()


def test_the_target_of_a_link_cannot_be_left() -> None:
    assert url("https://forge/o/n?a=1") == "https://forge/o/n?a=1"
    assert not set(url("file:///a b)|<c>")) & set(" )|<>")


def test_a_text_that_github_would_refuse_is_an_error() -> None:
    with pytest.raises(ValueError, match="longer than the 10 that fit"):
        render("waiting", limit=10, refused=["data/a"], run_url="")


def test_many_names_are_counted() -> None:
    assert names(f"{number}.jpg" for number in range(22)).endswith("`19.jpg` and 2 more")


@pytest.mark.parametrize(("clause", "shown"), [("held", "Held."), ("done.", "Done."), ("", "")])
def test_a_clause_becomes_a_sentence(clause: str, shown: str) -> None:
    assert sentence(clause) == shown


def test_texts_need_no_numpy() -> None:
    script = "import sys; sys.modules['numpy'] = None; import wms.report.markdown"
    subprocess.run([sys.executable, "-c", script], check=True)
