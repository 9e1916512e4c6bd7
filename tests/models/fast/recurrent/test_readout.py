import numpy as np
import pytest

from models.fast.recurrent.readout import add_up, keep_largest


def test_of_equal_outputs_the_first_is_kept():
    top, place = np.full((3, 2), -np.inf, np.float32), np.zeros((3, 2), np.int32)
    for position, (number, rows) in enumerate([(-1.0, 3), (0.5, 3), (0.5, 2), (0.25, 2)]):
        keep_largest(np.full((3, 2), number, np.float32), top, place, position, rows)
    assert top.tolist() == [[0.5, 0.5]] * 3
    assert place.tolist() == [[1, 1]] * 3


def test_only_sequences_that_have_the_position_count():
    outputs = np.ones((3, 2), np.float32)
    total, top, place = np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32), np.zeros((3, 2), np.int32)
    add_up(outputs, total, 2)
    keep_largest(outputs, top, place, 4, 2)
    assert total.tolist() == top.tolist() == [[1, 1], [1, 1], [0, 0]]
    assert place.tolist() == [[4, 4], [4, 4], [0, 0]]


@pytest.mark.parametrize("numbers", [(np.nan, 1.0), (1.0, np.nan)])
def test_what_is_not_a_number_stays(numbers):
    top, place = np.full((1, 1), -np.inf, np.float32), np.zeros((1, 1), np.int32)
    for number in numbers:
        keep_largest(np.full((1, 1), number, np.float32), top, place, 0, 1)
    assert np.isnan(top)
