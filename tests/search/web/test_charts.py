"""The charts of a study: of thousands of curves some are drawn, and those are said to be."""

from __future__ import annotations

from datetime import datetime

from search.study.trial_tables import Trial
from search.web.charts import Chart, best_over_time, learning_curves, thin

NOON = datetime(2026, 1, 1, 12)


def trials(count: int) -> list[Trial]:
    """Trials of two epochs, each better than the one before it; the last one runs."""
    return [
        Trial(
            number,
            "RUNNING" if number == count - 1 else "COMPLETE",
            NOON,
            NOON,
            None if number == count - 1 else number / count,
            epoch=2,
        )
        for number in range(count)
    ]


def drawn(trials: list[Trial]) -> Chart:
    """The chart of their learning curves, of those that are chosen."""
    chart = learning_curves(trials, {trial.number: [(1, 0.0), (2, 0.5)] for trial in thin(trials)})
    assert chart is not None
    return chart


def test_a_few_curves_are_all_drawn() -> None:
    few = trials(12)
    assert thin(few, 10) == few
    chart = drawn(few)
    assert (chart.paths["finished"].count("M"), chart.note) == (10, "")


def test_of_many_the_best_the_running_and_others_from_the_lowest_to_the_highest_are_drawn() -> None:
    many = trials(2002)
    assert [trial.number for trial in thin(many, 5)] == [0, 499, 999, 1499, 1999, 2000, 2001]
    chart = drawn(many)
    assert {kind: path.count("M") for kind, path in chart.paths.items()} == {
        "finished": 200,
        "running": 1,
        "best": 1,
    }
    assert chart.note.startswith("Drawn are 202 of 2,002 curves: ")


def test_points_at_one_place_are_drawn_once() -> None:
    same = [Trial(number, "COMPLETE", NOON, NOON, 0.5) for number in range(40)]
    chart = best_over_time(same)
    assert chart is not None
    assert chart.paths["dots"].count("M") == 1
