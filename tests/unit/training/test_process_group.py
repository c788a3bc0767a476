import pytest

from wms.core.errors import TrainingError
from wms.training.process_group import ProcessGroup


def shares(size, *, batch, samples):
    return [ProcessGroup(rank=rank, size=size).share(batch, samples) for rank in range(size)]


def test_the_shares_of_a_batch_are_equal_and_do_not_overlap():
    assert shares(2, batch=slice(8, 16), samples=100) == [slice(8, 12), slice(12, 16)]


def test_a_batch_that_does_not_divide_leaves_its_last_pictures_out():
    assert shares(3, batch=slice(0, 8), samples=100) == [slice(0, 2), slice(2, 4), slice(4, 6)]


def test_a_batch_with_fewer_images_than_processes_is_an_error():
    with pytest.raises(TrainingError, match="3 images cannot be shared by 4 processes"):
        ProcessGroup(rank=0, size=4).share(slice(0, 8), samples=3)
