import json
import math

import pytest

from models.reports import EpochReport


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
