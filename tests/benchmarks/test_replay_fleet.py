"""Fleets that are played, and how their time is shared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from search.strategy.strategy import Strategy
from tests.benchmarks.replay.fleet import FAIR, RULES, Fleet, Share, play_fleet, share_out, standing, table
from tests.benchmarks.replay.sharing import (
    LEAST,
    Account,
    ByGain,
    Point,
    expected_improvement,
    logarithmic_gain,
    recent_gain,
)
from tests.benchmarks.test_curves import SPACE
from tests.benchmarks.test_replay_table import records

RISING = Account(40.0, 0.4, [Point(40.0 * n, 10.0 * n, 0.1 * n) for n in range(1, 5)], [0.1, 0.2, 0.3, 0.4])
FLAT = Account(40.0, 0.4, [Point(40.0 * n, 10.0 * n, 0.4) for n in range(1, 5)], [0.4, 0.1, 0.1, 0.1])


@pytest.mark.parametrize("value", [recent_gain, logarithmic_gain, expected_improvement])
def test_more_is_expected_of_what_rose(value) -> None:
    assert value(RISING) > value(FLAT) > 0


def test_the_recent_gain_is_that_of_the_second_half() -> None:
    assert recent_gain(RISING) == pytest.approx((0.2 + LEAST) / 20)
    assert recent_gain(FLAT) == pytest.approx(LEAST / 20)


def test_a_worker_goes_where_most_is_gained_but_nobody_starves() -> None:
    accounts = {"rising": replace(RISING), "flat": replace(FLAT)}
    turns = ByGain(accounts, recent_gain, prescribed=1)
    assert turns.next(["flat", "rising"], []) == "flat"
    turns.take("flat")
    assert turns.next(["flat", "rising"], []) == "rising", "its prescribed trials come first"
    turns.take("rising")
    assert turns.next(["flat", "rising"], []) == "rising"
    accounts["rising"].seconds = 130.0  # the mean is 85, and half of that more than the other had
    assert turns.next(["flat", "rising"], []) == "flat"


def test_who_knows_the_curves_shares_the_time_out_best() -> None:
    """Of 40 seconds the flat one needs the first 10 alone."""
    found = share_out({"rising": RISING, "flat": FLAT}, 40.0)
    assert found == {"rising": Share(0.75, pytest.approx(0.3)), "flat": Share(0.25, 0.4)}


def test_a_fleet_is_played_by_one_driver_until_its_time_is_up() -> None:
    """Four workers, two studies of 20 seconds a trial."""
    rule = Strategy(sampler="random", pruner="none", patience=None)
    runs = {
        name: [record.run for record in records({8: score})] for name, score in {"A": 0.3, "B": 0.5}.items()
    }
    fleet = Fleet(SPACE.without_starts(), runs, dict.fromkeys(runs, rule))
    accounts = play_fleet(fleet, RULES[FAIR], seed=1, seconds=4 * 60.0)
    assert {name: account.best for name, account in accounts.items()} == {"A": 0.3, "B": 0.5}
    assert sum(account.seconds for account in accounts.values()) == pytest.approx(240, abs=60)
    last = standing(accounts, 240.0)[-1]
    assert last["A"].time + last["B"].time == pytest.approx(1.0)


def test_rules_are_compared_with_fair_share_within_a_seed() -> None:
    def found(score: float) -> list[dict[str, Share]]:
        return [{"A": Share(1.0, score)}] * 3

    results = [{FAIR: found(0.5), "b": found(0.6)}, {FAIR: found(0.7), "b": found(0.7)}]
    lines = table(results).splitlines()
    assert lines[2].split()[:5] == ["b", "0.6500", "+0.0500", "+-", "0.0707"]
