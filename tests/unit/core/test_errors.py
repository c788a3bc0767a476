"""Exit codes tell errors apart, and each error says whether trying again can help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from wms.core import errors
from wms.core.errors import WmsError


def below(kind: type[WmsError]) -> Iterator[type[WmsError]]:
    for child in kind.__subclasses__():
        yield child
        yield from below(child)


ALL = tuple(below(WmsError))


def test_no_two_errors_share_an_exit_code() -> None:
    # 130 is what a shell answers for Ctrl-C, and a stopped training is one.
    codes = Counter(kind.exit_code for kind in ALL)
    assert [code for code, count in codes.items() if count > 1] == []
    assert not {0, 1, 2} & set(codes)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_a_remedy_of_its_own(kind: type[WmsError]) -> None:
    assert "remedy" in vars(kind)
    assert kind.remedy != WmsError.remedy


@pytest.mark.parametrize(
    "kind",
    [
        errors.ReplayError,
        errors.DigestMismatchError,
        errors.StaleBaseError,
        errors.UnmergeableError,
        errors.NotStoredError,
        errors.RecordError,
    ],
)
def test_what_is_wrong_with_the_evidence_does_not_heal(kind: type[WmsError]) -> None:
    assert not kind.can_heal


@pytest.mark.parametrize(
    "kind",
    [
        errors.ForgeError,
        errors.RepositoryError,
        errors.RemoteMovedError,
        errors.RegistryError,
        errors.DataStoreError,
        errors.StorageError,
        errors.BusyError,
    ],
)
def test_what_was_in_the_way_may_heal(kind: type[WmsError]) -> None:
    assert kind.can_heal
