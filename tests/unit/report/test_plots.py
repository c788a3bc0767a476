from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from factories import make_report, write_run
from wms.core.layout import Layout
from wms.report.plots import plots_of
from wms.report.records import RunRecords


def test_a_whole_run_is_drawn(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    write_run(layout, "merged")
    plots = plots_of(RunRecords.load(layout.run))
    assert [plot.name for plot in plots] == [
        "learning-curves",
        "pace",
        "precision-recall",
        "calibration",
        "dice-by-picture",
        "dice-histogram",
        "split-sizes",
    ]
    for plot in plots[4:]:
        assert ElementTree.fromstring(plot.svg()).tag.endswith("svg")  # noqa: S314
        assert plot.alt.endswith(".")


def test_there_is_nothing_to_draw_where_there_is_nothing() -> None:
    assert plots_of(RunRecords()) == ()


def test_perfect_scores_of_both_models_are_drawn() -> None:
    report = make_report([1.0] * 3)
    plot = plots_of(RunRecords(evaluation=report, evaluation_champion=report))[0]
    assert "equal on 3" in plot.alt
    assert plot.svg()


def test_a_model_that_finds_nothing_is_drawn() -> None:
    (plot,) = plots_of(RunRecords(evaluation=make_report([0.0] * 4)))
    assert "fails on 4" in plot.alt
    assert plot.svg()
