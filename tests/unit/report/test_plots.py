from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from factories import make_manifest, make_report, make_train_result, run_records
from wms.report.plots import ROLES, Plot, plots_of, training_plots
from wms.report.records import RunRecords
from wms.report.view import RunView

TRAINING = ["learning-curves", "pace", "precision-recall", "calibration"]


def plots(epochs: int = 12) -> tuple[Plot, ...]:
    train = make_train_result(make_manifest(10), epochs=epochs)
    return training_plots(
        train.epochs,
        best_epoch=train.best_epoch,
        probabilities=train.probabilities,
        threshold=train.threshold,
    )


def test_a_training_has_its_four_plots_with_words_for_those_who_do_not_see_them() -> None:
    assert [plot.name for plot in plots()] == TRAINING
    assert all(plot.alt.endswith(".") for plot in plots())


def test_an_svg_takes_its_colours_from_the_page() -> None:
    svg = plots()[0].svg()
    assert ElementTree.fromstring(svg).tag.endswith("svg")  # noqa: S314
    for colour, variable in ROLES.items():
        assert colour not in svg
        assert f"var({variable})" in svg


def test_the_same_plot_drawn_again_is_the_same() -> None:
    assert plots()[0].svg() == plots()[0].svg()
    assert plots()[0].png() == plots()[0].png()


def test_a_training_of_one_epoch_is_drawn() -> None:
    plot = plots(epochs=1)[0]
    assert "over 1 epoch:" in plot.alt
    with Image.open(BytesIO(plot.png())) as image:
        assert image.width > 2 * image.height


def test_matplotlib_is_imported_only_when_something_is_drawn() -> None:
    script = "import sys, wms.report.page; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_whole_run_is_drawn(tmp_path: Path) -> None:
    shown = [*plots_of(RunView(run_records(tmp_path, "merged")))]
    assert [plot.name for plot in shown] == [*TRAINING, "dice-by-image", "dice-histogram", "split-sizes"]
    for plot in shown[4:]:
        assert ElementTree.fromstring(plot.svg()).tag.endswith("svg")  # noqa: S314
        assert plot.alt.endswith(".")


def test_there_is_nothing_to_draw_where_there_is_nothing() -> None:
    assert [*plots_of(RunView(RunRecords()))] == []


PERFECT, USELESS = make_report([1.0] * 3), make_report([0.0] * 4)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        (RunRecords(evaluation=PERFECT, evaluation_champion=PERFECT), "equal on 3"),
        (RunRecords(evaluation=USELESS), "fails on 4"),
    ],
)
def test_scores_at_the_ends_of_the_scale_are_drawn(records: RunRecords, told: str) -> None:
    plot = next(plots_of(RunView(records)))
    assert told in plot.alt
    assert plot.svg()
