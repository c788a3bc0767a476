"""Exit codes tell errors apart, and each code says what to do and whether repeating can help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from wms.core.errors import Code, WmsError


def below(kind: type[WmsError]) -> Iterator[type[WmsError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


def test_no_two_codes_share_an_exit_code() -> None:
    counts = Counter(code.exit_code for code in Code)
    assert [number for number, count in counts.items() if count > 1] == []
    assert not {0, 2} & set(counts)


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
def test_every_code_says_what_it_means_and_what_to_do(code: Code) -> None:
    assert code.meaning
    assert code.remedy.endswith(".")


def test_an_error_has_its_class_s_code_unless_it_names_another() -> None:
    for kind in below(WmsError):
        assert kind("a message").code is kind.default
    error = WmsError("a message", Code.BUSY)
    assert (error.exit_code, error.remedy, error.can_heal) == (44, Code.BUSY.remedy, True)
    assert WmsError("a message", Code.BUSY, remedy="Do this.").remedy == "Do this."


def test_what_is_wrong_with_the_evidence_does_not_heal_and_what_was_in_the_way_may() -> None:
    evidence = {Code.REPLAY, Code.DIGEST_MISMATCH, Code.STALE_BASE, Code.NOT_STORED, Code.RECORD}
    machine = {Code.FORGE, Code.REPOSITORY, Code.REGISTRY, Code.DATA_STORE, Code.STORAGE, Code.BUSY}
    healing = {code for code in Code if code.can_heal}
    assert healing & (evidence | {Code.UNMERGEABLE}) == set()
    assert machine | {Code.REMOTE_MOVED} <= healing
