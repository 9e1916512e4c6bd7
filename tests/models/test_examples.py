import numpy as np
import pytest
import torch

from data_io.errors import DataError
from models.examples import measured_examples
from models.randomness import Use, generator_of

CPU = torch.device("cpu")


def rows(probes):
    return [
        (*codes, target) for codes, target in zip(probes.codes.tolist(), probes.targets.tolist(), strict=True)
    ]


def test_probes_without_a_measurement_are_left_out(data):
    measured = np.isfinite(data.train.targets)
    probes = measured_examples(data.train, "training", CPU)
    assert len(probes) == measured.sum() < len(measured)
    np.testing.assert_array_equal(probes.codes, data.train.codes[measured])
    np.testing.assert_array_equal(probes.targets, data.train.targets[measured])


def test_probes_are_a_copy(data):
    probes = measured_examples(data.train, "training", CPU)
    before = rows(probes)
    data.train.codes[:], data.train.targets[:] = 0, 0
    assert rows(probes) == before


def test_every_epoch_has_another_order_of_the_same_probes(data):
    probes = measured_examples(data.train, "training", CPU)
    orders = [rows(probes.shuffled(generator_of(1, epoch, Use.ORDER))) for epoch in (1, 2, 1)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(rows(probes))


@pytest.mark.parametrize("size", [1, 64, 1000])
def test_batches_hold_every_probe_once(data, size):
    probes = measured_examples(data.train, "training", CPU)
    batches = list(probes.batches(size))
    assert torch.cat([codes for codes, _ in batches]).equal(probes.codes)
    assert torch.cat([targets for _, targets in batches]).equal(probes.targets)
    assert {len(targets) for _, targets in batches[:-1]} <= {size}
    assert 1 <= len(batches[-1][1]) <= size


@pytest.mark.parametrize("left", [0, 1])
def test_too_few_measured_probes_are_refused(data, left):
    data.train.targets[left:] = np.nan
    with pytest.raises(DataError, match=f"^training split: {left} measured, at least 2"):
        measured_examples(data.train, "training", CPU)
