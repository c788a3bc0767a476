"""What people read on the terminal."""

from pathlib import Path

import pytest

from factories import make_finding
from wms.cli.output import ANNOTATED, ConsoleProgress, findings
from wms.core.words import counted


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("it is cut off", "it is cut off. Copy it again."),
        ("is it the mask of another image?", "is it the mask of another image? Copy it again."),
    ],
)
def test_a_finding_is_said_in_whole_sentences(
    message: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    findings([make_finding(message=message)])
    assert said in capsys.readouterr().out


def test_a_file_name_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    findings([make_finding("a\x1b[2J\n::error::b.jpg")])
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\n::error" not in printed


@pytest.mark.parametrize("count", [ANNOTATED, ANNOTATED + 1])
def test_no_more_errors_are_annotated_than_github_shows(
    count: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    findings([make_finding(f"images/{number:02d}.jpg") for number in range(count)])
    said = capsys.readouterr()
    assert said.out.count("error: images/") == count
    assert said.err.count("::error ") == ANNOTATED
    assert ("the job summary lists them all" in said.err) == (count > ANNOTATED)


def test_a_warning_is_on_the_page_of_the_run_and_in_its_summary(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ConsoleProgress().warn("no dump")
    assert capsys.readouterr().err == "warning: no dump\n"
    summary = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    ConsoleProgress().warn("no dump")
    assert "::warning::no dump" in capsys.readouterr().err
    assert summary.read_text() == "**Warning:** no dump\n"


@pytest.mark.parametrize(("number", "said"), [(0, "0 findings"), (1, "1 finding"), (1200, "1,200 findings")])
def test_a_count_agrees_with_its_noun(number: int, said: str) -> None:
    assert counted(number, "finding") == said
    assert counted(number, "branch") == said.replace("findings", "branches").replace("finding", "branch")
