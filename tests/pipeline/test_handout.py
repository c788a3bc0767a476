"""The dataset of main is handed out for another round of labelling."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.conftest import open_small_workspace
from wms.core.progress import Silent
from wms.data.handout import hand_out, of_split
from wms.interchange.intake import import_pairs
from wms.interchange.pair import Choices


def test_the_samples_of_a_split_come_back_as_they_are(one_promotion: Path, tmp_path: Path) -> None:
    shutil.copytree(one_promotion, tmp_path / "work", symlinks=True)
    ctx = open_small_workspace(tmp_path / "work")
    with of_split(ctx, "test") as handed:
        written = hand_out(
            handed,
            tmp_path / "out",
            form="cvat",
            predictor=None,
            predict=None,
            threshold=127,
            progress=Silent(),
        )
        imported = import_pairs([tmp_path / "out"], tmp_path / "back", choices=Choices(), progress=Silent())
        assert written.photographs == written.drawn == imported.pairs == len(handed) > 0
        for each in handed:
            assert (
                tmp_path / "back/images" / each.photograph.name
            ).read_bytes() == each.photograph.read_bytes()
