"""What people read on the terminal."""

import pytest

from factories import make_finding
from wms.cli.output import findings


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("it is cut off", "it is cut off. Copy it again."),
        ("is it the mask of another picture?", "is it the mask of another picture? Copy it again."),
    ],
)
def test_a_finding_is_said_in_whole_sentences(
    message: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    findings([make_finding(message=message)])
    assert said in capsys.readouterr().out
