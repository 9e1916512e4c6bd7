"""What selection gains is told as the studies have it."""

import pytest

from tests.benchmarks import selection

KINDS = "val_spearman", "test_spearman"


def study(recorded, trial, chosen, member):
    return {
        "study": "A/R1/cnn",
        "trial": {"recorded": recorded, "test_spearman": trial},
        "chosen": dict(zip(KINDS, chosen, strict=True)),
        "member": {"test_spearman": member},
    }


def test_a_row_has_validation_before_test():
    assert selection.row(study(0.6, 0.5, (0.58, 0.55), 0.54)) == (
        "| A/R1/cnn | 0.6000 | 0.5000 | 0.5800 | 0.5500 | 0.5400 |"
    )


def test_the_summary_tells_gain_and_optimism():
    results = [study(0.6, 0.5, (0.58, 0.55), 0.54), study(0.4, 0.3, (0.40, 0.29), 0.28)]
    whole, single, excess = selection.summary(results).splitlines()
    assert "best trial's: +0.0200 (deviation 0.0424, above 0 in 1 of 2;" in whole
    assert "on average: +0.0100 (deviation 0.0424, above 0 in 1 of 2;" in single
    assert "chosen model's: +0.0300 (deviation 0.0566, above 0 in 1 of 2;" in excess


def test_it_needs_a_workspace(monkeypatch):
    monkeypatch.setattr("sys.argv", ["selection"])
    with pytest.raises(SystemExit, match="2"):
        selection.main()
