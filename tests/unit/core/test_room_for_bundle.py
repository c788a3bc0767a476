from pathlib import Path

import pytest

from wms.core.errors import InputError
from wms.core.production import require_room_for_bundle
from wms.core.records.training import CARD_FILE, WEIGHTS_FILE


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
