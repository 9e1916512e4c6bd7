import json
import math

import pytest

from models.training import EpochReport, TrainingConfig


def test_a_constant_schedule_stays():
    config = TrainingConfig(learning_rate=0.01)
    assert [config.learning_rate_at(step, 10) for step in (0, 5, 9)] == [0.01] * 3


def test_a_cosine_falls_from_the_learning_rate_towards_zero():
    config = TrainingConfig(learning_rate=0.01, schedule="cosine")
    rates = [config.learning_rate_at(step, 100) for step in range(100)]
    assert rates[0] == 0.01
    assert rates[50] == pytest.approx(0.005)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 1e-5


@pytest.mark.parametrize("loss", [0.5, math.nan, math.inf])
def test_a_report_goes_through_json(loss):
    report = EpochReport(3, loss, 0.25, 0.1, 0.2, 1.5, constant=True)
    text = json.dumps(report.to_dict(), allow_nan=False)
    restored = EpochReport.from_dict(json.loads(text))
    if math.isfinite(loss):
        assert restored == report
    else:
        assert math.isnan(restored.train_loss)
        assert restored.to_dict() == report.to_dict()
