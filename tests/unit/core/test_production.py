"""Which model a rollback goes back to, and where a bundle may be put."""

from __future__ import annotations

from pathlib import Path

import pytest

from factories import make_metadata
from wms.core.errors import InputError, NoProductionModelError
from wms.core.production import require_room_for_bundle, rollback_target
from wms.core.records.promotion import ModelMetadata
from wms.core.records.training import CARD_FILE, WEIGHTS_FILE


def state(version: int, kind: str = "promotion") -> ModelMetadata:
    return make_metadata(version=version).model_copy(update={"kind": kind})


def test_without_a_version_it_is_what_the_last_promotion_replaced() -> None:
    assert rollback_target((state(3), state(2), state(1)), None).version == 2


def test_a_model_that_was_rolled_back_from_is_not_gone_back_to() -> None:
    history = (state(3), state(1, "rollback"), state(2), state(1))
    assert rollback_target(history, None).version == 1


def test_a_rollback_that_is_done_already_is_the_answer() -> None:
    history = (state(2, "rollback"), state(3), state(2), state(1))
    assert rollback_target(history, None) == history[0]


def test_a_note_by_hand_on_the_same_model_is_no_promotion() -> None:
    assert rollback_target((state(2), state(2), state(1)), None).version == 1


def test_a_named_version_is_taken() -> None:
    assert rollback_target((state(3), state(2), state(1)), 1).version == 1


def test_a_version_that_never_was_in_production_is_an_error_that_lists_those_that_were() -> None:
    with pytest.raises(NoProductionModelError, match=r"no model v7 .* v3, v1"):
        rollback_target((state(3), state(1)), 7)


@pytest.mark.parametrize("history", [(), (state(1),)])
def test_there_is_nothing_before_the_first(history: tuple[ModelMetadata, ...]) -> None:
    with pytest.raises(NoProductionModelError, match="no earlier model"):
        rollback_target(history, None)


def test_a_folder_that_is_not_there_or_empty_has_room(tmp_path: Path) -> None:
    require_room_for_bundle(tmp_path / "new")
    require_room_for_bundle(tmp_path)


def test_a_half_fetched_bundle_may_be_fetched_again(tmp_path: Path) -> None:
    for name in (f".{CARD_FILE}", WEIGHTS_FILE):
        (tmp_path / name).write_bytes(b"half")
    require_room_for_bundle(tmp_path)


@pytest.mark.parametrize("name", ["holiday.jpg", CARD_FILE])
def test_other_files_are_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=name):
        require_room_for_bundle(tmp_path)
