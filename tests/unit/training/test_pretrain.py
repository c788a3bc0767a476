"""`wms pretrain`, on a few rendered meters."""

from meters import ROOT
from wms.core.files import read_record
from wms.core.progress import Silent
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


def test_the_makes_of_the_demo_are_not_among_the_invented_ones():
    known = {style.name for style in STYLES}
    meters = [meter_of(7_000_001, number, invented=True) for number in range(200)]
    assert not known & {meter.style.name for meter in meters}
    assert len({meter.style.marks for meter in meters}) == len(meters)
