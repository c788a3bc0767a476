import pytest

from meters import tiny_settings, write_dataset
from wms.core.progress import Silent
from wms.core.records.training import Preprocessing
from wms.training.cache import Samples, Source, prepare
from wms.training.planning import make_plan
from wms.training.process_group import ProcessGroup


@pytest.fixture
def samples(tmp_path):
    manifest = write_dataset(tmp_path / "data", train=10, val=2, test=0)
    source = Source(dataset=tmp_path / "data", mask_threshold=127, spec=Preprocessing(size_px=32, pad=114))

    def prepared(split):
        return prepare(
            manifest.of_split(split), source, folder=tmp_path / "cache", workers=1, progress=Silent()
        )

    return Samples(train=prepared("train"), val=prepared("val"))


def test_without_a_budget_the_plan_follows_from_the_settings_alone(samples):
    settings = tiny_settings(epochs=6)
    plan = make_plan(settings, samples, ProcessGroup())
    assert (plan.epochs, plan.batches_per_epoch, plan.threads, plan.bfloat16) == (6, 2, 1, False)
    assert plan == make_plan(settings, samples, ProcessGroup())


def test_a_tiny_budget_gives_the_fewest_epochs(samples):
    assert make_plan(tiny_settings(max_minutes=1e-6, epochs=500), samples, ProcessGroup()).epochs == 2


def test_a_generous_budget_gives_the_epochs_that_were_set(samples):
    assert make_plan(tiny_settings(max_minutes=600, epochs=5), samples, ProcessGroup()).epochs == 5


def test_fewer_samples_than_a_batch_still_make_one(samples):
    assert make_plan(tiny_settings(batch_size=64), samples, ProcessGroup()).batches_per_epoch == 1


def test_bfloat16_can_be_asked_for_where_the_machine_lacks_it(samples):
    assert make_plan(tiny_settings(precision="bfloat16"), samples, ProcessGroup()).bfloat16
