from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from factories import make_manifest, make_report, make_train_result, write_run
from wms.layout import Layout
from wms.report.figures import LIGHT
from wms.report.plots import write_plots
from wms.report.records import RunRecords


def test_a_whole_run_is_drawn_for_light_and_for_dark(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "workspace")
    write_run(layout, "merged")
    plots = write_plots(RunRecords.load(layout.run), tmp_path)
    assert [plot.name for plot in plots] == [
        "learning-curves",
        "pace",
        "precision-recall",
        "calibration",
        "dice-by-picture",
        "dice-histogram",
        "split-sizes",
    ]
    for plot in plots:
        for file in (plot.light, plot.dark):
            assert ElementTree.fromstring((tmp_path / file).read_bytes()).tag.endswith("svg")  # noqa: S314
        assert plot.alt.endswith(".")


def test_the_dark_rendering_has_none_of_the_light_colours(tmp_path: Path) -> None:
    (plot,) = write_plots(RunRecords(evaluation=make_report([0.6, 0.8])), tmp_path)
    light, dark = ((tmp_path / name).read_text() for name in (plot.light, plot.dark))
    for colour in (LIGHT.text, LIGHT.faint, LIGHT.candidate):
        assert colour in light
        assert colour not in dark


def test_nothing_is_drawn_where_there_is_nothing() -> None:
    assert write_plots(RunRecords(), Path("nowhere")) == ()


def test_a_training_of_one_epoch_is_drawn(tmp_path: Path) -> None:
    records = RunRecords(train=make_train_result(make_manifest(10), epochs=1))
    assert "over 1 epoch:" in write_plots(records, tmp_path)[0].alt


def test_perfect_scores_of_both_models_are_drawn(tmp_path: Path) -> None:
    report = make_report([1.0] * 3)
    plots = write_plots(RunRecords(evaluation=report, evaluation_champion=report), tmp_path)
    assert "equal on 3" in plots[0].alt


def test_a_model_that_finds_nothing_is_drawn(tmp_path: Path) -> None:
    (plot,) = write_plots(RunRecords(evaluation=make_report([0.0] * 4)), tmp_path)
    assert "fails on 4" in plot.alt


def test_matplotlib_is_imported_only_when_something_is_drawn() -> None:
    script = "import sys, wms.report.site; print('matplotlib' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
