"""`wms pretrain`, on a few rendered meters."""

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


def test_equal_arguments_give_equal_weights_which_can_be_loaded(tmp_path):
    one, two = run(tmp_path / "one"), run(tmp_path / "two")
    assert one == two == read_record(tmp_path / "one" / CARD, Pretrained)
    assert one.command == "wms pretrain --pairs 40 --seed 3 --epochs 2 --threads 1"
    card, weights = load_pretrained(tmp_path / "one")
    assert card == one
    assert (tmp_path / "one" / WEIGHTS).is_file()
    assert weights


def test_it_learns_from_invented_makes_alone(tmp_path):
    run(tmp_path)
    rendered = {path.name for path in (tmp_path / "pairs-3/images").iterdir()}
    assert rendered == {f"{stem_of(3, number, invented=True)}.jpg" for number in range(40)}
    assert not rendered & {f"{stem_of(3, number)}.jpg" for number in range(40)}


def test_invented_makes_differ_from_those_of_the_demo_and_from_each_other():
    known = {style.marks for style in STYLES}
    marks = {meter_of(7_000_001, number, invented=True).style.marks for number in range(200)}
    assert len(marks) == 200
    assert not known & marks
