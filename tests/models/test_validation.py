"""Scores by torch, as a GPU computes them, are those of `models.metrics`."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from models.examples import ExampleTensors
from models.validation import Validation, average_ranks, correlation, score_on_device


class Fixed(nn.Module):
    """Predicts given values, in the order of the probes."""

    def __init__(self, values):
        super().__init__()
        self.values = nn.Parameter(torch.tensor(values))

    def forward(self, codes):
        return self.values[codes[:, 0].long()]


def validation_of(targets):
    codes = torch.arange(len(targets), dtype=torch.uint8).unsqueeze(1).expand(-1, 41)
    return Validation(ExampleTensors(codes, torch.tensor(targets)))


def on_device(values, targets):
    targets = torch.tensor(targets)
    return score_on_device(torch.tensor(values), targets, average_ranks(targets))


def test_ranks_of_a_small_array():
    assert average_ranks(torch.tensor([3.0, 1.0, 3.0, 2.0, 3.0])).tolist() == [4.0, 1.0, 4.0, 2.0, 4.0]


def test_correlation_of_a_small_array():
    x, y = torch.tensor([1.0, 2.0, 3.0, 4.0]).double(), torch.tensor([1.0, 3.0, 2.0, 4.0]).double()
    assert float(correlation(x, y)) == pytest.approx(0.8)
    assert float(correlation(x, -x)) == -1.0
    assert float(correlation(x, torch.ones(4).double())) == 0.0


@pytest.mark.parametrize("digits", [1, 6])
def test_both_ways_give_the_same_scores(digits):
    rng = np.random.default_rng(3)
    prediction = rng.normal(size=200).round(digits).astype(np.float32)  # of one digit: with ties
    targets = (prediction + rng.normal(size=200)).round(digits).astype(np.float32)
    found = validation_of(targets.tolist()).score(Fixed(prediction.tolist()))
    other = on_device(prediction, targets)
    assert other == pytest.approx(found, rel=1e-9)
    assert found.spearman == pytest.approx(stats.spearmanr(prediction, targets).statistic, rel=1e-9)
    assert found.pearson == pytest.approx(stats.pearsonr(prediction, targets).statistic, rel=1e-5)
    assert found.loss == pytest.approx(np.mean((prediction.astype(float) - targets) ** 2), rel=1e-9)
    assert (found.constant, found.finite) == (False, True)


@pytest.mark.parametrize("score", [on_device, lambda x, y: validation_of(y).score(Fixed(x))])
def test_a_constant_prediction_scores_zero(score):
    found = score([0.1, 0.1, 0.1], [1.0, 2.0, 3.0])
    assert (found.spearman, found.pearson, found.constant, found.finite) == (0.0, 0.0, True, True)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("score", [on_device, lambda x, y: validation_of(y).score(Fixed(x))])
def test_what_is_not_finite_is_said(score, bad):
    found = score([0.1, bad, 0.2], [1.0, 2.0, 3.0])
    assert math.isnan(found.loss)
    assert found[1:] == (0.0, 0.0, False, False)
