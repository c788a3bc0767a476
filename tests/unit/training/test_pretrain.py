"""`wms pretrain`, on a few rendered meters."""

import pytest

from meters import ROOT
from wms.core.files import read_record
from wms.core.progress import Silent
from wms.synth.dataset import stem_of
from wms.synth.render import meter_of
from wms.synth.style import STYLES
from wms.training import pretrain as module
from wms.training.pretrained import CARD, WEIGHTS, Pretrained, load_pretrained


def run(folder):
    return module.pretrain(
        ROOT, out=folder, pairs=40, seed=3, epochs=2, threads=1, code_sha="0" * 40, progress=Silent()
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained")
    run(folder)
    return folder


def test_equal_arguments_give_equal_weights_which_can_be_loaded(folder, tmp_path):
    one, two = read_record(folder / CARD, Pretrained), run(tmp_path)
    assert one == two
    assert one.command == "wms pretrain --pairs 40 --seed 3 --epochs 2 --threads 1"
    card, weights = load_pretrained(folder)
    assert card == one
    assert (folder / WEIGHTS).is_file()
    assert weights


def test_it_learns_from_invented_makes_alone(folder):
    rendered = {path.name for path in (folder / "pairs-3/images").iterdir()}
    assert rendered == {f"{stem_of(3, number, invented=True)}.jpg" for number in range(40)}
    assert not rendered & {f"{stem_of(3, number)}.jpg" for number in range(40)}


def test_invented_makes_differ_from_those_of_the_demo_and_from_each_other():
    known = {style.marks for style in STYLES}
    marks = {meter_of(7_000_001, number, invented=True).style.marks for number in range(200)}
    assert len(marks) == 200
    assert not known & marks
