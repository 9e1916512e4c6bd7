"""Searches that are played on recorded curves, and what is made of them."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from search.strategy.space_files import shipped_space
from search.strategy.strategy import Strategy
from tests.benchmarks.curves.portfolio import as_toml, choose_starts
from tests.benchmarks.replay import comparing
from tests.benchmarks.replay.candidates import candidates, todays_starts
from tests.benchmarks.replay.playing import Played, play
from tests.benchmarks.replay.table import left_out, table
from tests.benchmarks.test_curves import RECORD, SPACE

PLAYED = Played((10.0, 30.0), (0.2, 0.4), (1, 3), 50.0, 4)


@pytest.mark.parametrize(
    ("seconds", "score"), [(9.9, 0.0), (10.0, 0.2), (29.0, 0.2), (30.0, 0.4), (99.0, 0.4)]
)
def test_the_score_is_the_best_that_had_finished(seconds: float, score: float) -> None:
    assert PLAYED.score_at(seconds) == score


@pytest.mark.parametrize(("seconds", "area"), [(5.0, 0.0), (20.0, 0.1), (40.0, (20 * 0.2 + 10 * 0.4) / 40)])
def test_the_area_is_the_mean_score_over_the_time(seconds: float, area: float) -> None:
    assert PLAYED.area(seconds) == pytest.approx(area)


def records(filters: dict[int, float], seconds: float = 10.0) -> list:
    """Configs of so many filters, each with the score that its two epochs reach."""
    return [
        replace(
            RECORD,
            number=n,
            params={"motif_length": 8, "filters": f},
            seconds=(seconds,) * 2,
            spearman=(s / 2, s),
        )
        for n, (f, s) in enumerate(filters.items())
    ]


def test_a_search_is_played_by_the_nearest_curves_until_its_time_is_up() -> None:
    """The seed has 8 filters, the start 4; two workers take 20 seconds for each pair of trials."""
    runs = [record.run for record in records({4: 0.5, 8: 0.3, 16: 0.4})]
    strategy = Strategy(starts=SPACE.starts, sampler="random", pruner="none", patience=None)
    whole = play(runs, SPACE, strategy, seed=1, trials=5)
    assert whole.trials == 5
    assert whole.scores == (0.3, 0.5)
    assert whole.used == pytest.approx(2 * 60, abs=5)
    timed = play(runs, SPACE, strategy, seed=1, seconds=2 * 30.0)
    assert timed.trials == 2
    assert timed.scores == whole.scores


RESULTS = {
    (strategy, experiment, seed): (30.0 * (1 + seed), value, value, value, value)
    for strategy, values in {"today": (0.5, 0.5, 0.5), "a": (0.6, 0.6, 0.4), "b": (0.5, 0.5, 0.6)}.items()
    for experiment, value in zip("XYZ", values, strict=True)
    for seed in range(2)
}


def test_strategies_are_compared_within_experiment_and_seed() -> None:
    lines = table(RESULTS).splitlines()
    assert [line.split()[0] for line in lines] == ["strategy", "a", "b", "today"]
    assert "+0.0333, 0.1155 / 0.0000" in lines[1]
    assert lines[1].split()[1] == "45", "trials are counted over experiments and seeds"


def test_what_is_level_with_today_stands_below_it() -> None:
    level = RESULTS | {("0", *each): RESULTS["today", *each] for _, *each in RESULTS}
    assert [line.split()[0] for line in table(level).splitlines()] == ["strategy", "a", "b", "today", "0"]
    alone = {key: value for key, value in level.items() if key[0] in ("today", "0")}
    assert "X: today, area +0.0000" in left_out(alone)


def test_a_rule_is_scored_where_it_was_not_chosen() -> None:
    """Without X, b is best (0.55); without Z, a is (0.6)."""
    text = left_out(RESULTS)
    assert "X: b, area +0.0000" in text
    assert "Y: b, area +0.0000" in text
    assert "Z: a, area -0.1000" in text
    # X and Y have the same rule; on Z theirs loses 0.2, and its own loses 0.1 on each of them.
    assert f"loses {(2 * 0.2 + 2 * 0.1) / 6:.4f} of area (mean of 6 pairs, at most 0.2000)" in text
    assert "no rule" in left_out({key: value for key, value in RESULTS.items() if key[1] == "X"})


def test_starts_are_chosen_among_what_all_experiments_have() -> None:
    first = records({8: 0.9, 4: 0.5, 5: 0.8, 6: 0.1, 7: 0.9})
    second = [replace(r, experiment="B") for r in records({8: 0.9, 4: 0.3, 5: 0.1, 6: 0.7})]
    searched = replace(first[0], number=9, origin="searched", params={"filters": 9})
    starts = choose_starts([*first, *second, searched], 3)
    # 7 and 9 were not tried on B, and 4 adds nothing to these.
    assert [start["filters"] for start in starts] == [5, 6]


def test_starts_come_from_the_other_experiments_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = records({8: 0.3, 4: 0.9, 5: 0.2}), records({8: 0.3, 4: 0.1, 5: 0.8})
    second = [replace(record, experiment="B") for record in second]
    given = []

    def some(space, portfolio, winners, slow):
        given.append([[start["filters"] for start in starts] for starts in (portfolio, winners)])
        return {"today": Strategy(starts=space.starts)}

    monkeypatch.setattr(comparing, "shipped_space", lambda name: SPACE.without_starts())
    monkeypatch.setattr(comparing, "candidates", some)
    found = comparing.one([*first, *second], False, (), "A", 0)
    assert found.keys() == {("today", "A", 0)}
    comparing.one([*first, *second], False, (), "B", 0)
    assert given == [[[5], [5]], [[4], [4]]]


def test_today_has_the_starts_of_the_shipped_space_and_none_twice() -> None:
    """The CNN's come of a portfolio but for the first two, the CNN+LSTM's are all written by hand."""
    cnn, rnn = shipped_space("cnn"), shipped_space("rnn")
    elsewhere = {**cnn.fixed, **cnn.starts[-1], "filters": 7}
    assert todays_starts(cnn, [elsewhere]) == (*cnn.starts[:2], elsewhere)
    again = rnn.prescribed[-1]
    assert todays_starts(rnn, [again]) == rnn.starts
    found = candidates(rnn, [again], [])
    assert found["portfolio first"].starts == (again, *rnn.starts[:-1])
    assert found["starts by hand alone"] == found["starts by hand and portfolio"] == found["today"]
    assert found.keys() == candidates(cnn, [elsewhere], [elsewhere]).keys(), "all are played on all"
    assert candidates(cnn, [elsewhere], [])["starts by hand alone"].starts == cnn.starts[:2]


def test_starts_are_printed_as_a_space_has_them() -> None:
    start = {"layers": 3, "pooling": "max", "batch_norm": True, "learning_rate": 1e-05, "epochs": 30}
    found = tomllib.loads(as_toml([start, start], {"epochs": 30}))["starts"]
    assert found == [{name: value for name, value in start.items() if name != "epochs"}] * 2
