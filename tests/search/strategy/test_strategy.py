"""The strategy of a study: stored and read back, in the format of earlier versions too, and validated."""

from __future__ import annotations

import pytest

from data_io.errors import ConfigError
from search.strategy.strategy import Strategy

FORMAT_1 = {
    "format": 1,
    "sampler": "tpe",
    "startup_trials": 7,
    "pruner": "percentile",
    "keep_percent": 40.0,
    "pruner_startup_trials": 5,
    "warmup_epochs": 3,
    "patience": 2,
    "min_gain": 0.001,
    "starts": [{"layers": 3}],
    "counted": ["finished", "pruned"],
    "finalists": 3,
    "members": 3,
    "retraining_patience": 5,
}
ADDED_IN_2 = {"multivariate": False, "reduction": 4, "hoped_gain": 0.8, "transferred": [{"layers": 1}]}
FORMAT_2 = {**FORMAT_1, **ADDED_IN_2, "format": 2}
FORMAT_4 = {**FORMAT_2, "refit": True, "refit_share": 0.5, "refit_after": 0.8, "format": 4}


def test_it_survives_being_stored() -> None:
    strategy = Strategy(
        sampler="gp",
        multivariate=False,
        pruner="hyperband",
        starts=({"layers": 1},),
        transferred=({"layers": 2}, {"layers": 3}),
        counted=("finished",),
        refit=False,
        refit_share=None,
        refit_after=0.5,
        refit_rate=0.3,
        refit_dropout=0.2,
        early_keep_percent=80.0,
        partners_within=0.02,
    )
    assert Strategy.from_dict(strategy.to_dict()) == strategy


def test_one_of_format_1_is_read_as_it_was() -> None:
    found = Strategy.from_dict(FORMAT_1)
    assert (found.multivariate, found.transferred) == (True, ())
    assert (found.startup_trials, found.starts) == (7, ({"layers": 3},))
    assert found.refit is False


def test_one_of_format_2_is_read_as_it_was() -> None:
    found = Strategy.from_dict(FORMAT_2)
    assert (found.multivariate, found.reduction, found.hoped_gain) == (False, 4, 0.8)
    assert (found.transferred, found.refit) == (({"layers": 1},), False)


def test_one_of_format_3_trains_members_anew_on_all_of_set_a() -> None:
    found = Strategy.from_dict({**FORMAT_2, "refit": True, "format": 3})
    assert (found.refit, found.refit_share) == (True, None)


def test_one_of_format_4_hands_over_the_winner_s_members_alone() -> None:
    found = Strategy.from_dict({**FORMAT_4, "members": 3})
    assert (found.members, found.partners_within, found.refits) == (3, None, 3)
    assert (found.refit_rate, found.refit_share) == (0.5, 0.5)


def test_one_of_format_5_goes_on_with_the_dropout_of_its_configs() -> None:
    added = {"refit_rate": 0.3, "partners_within": 0.01, "format": 5}
    found = Strategy.from_dict({**FORMAT_4, **added})
    assert (found.refit_rate, found.partners_within, found.refit_dropout) == (0.3, 0.01, None)


def test_one_of_format_6_ends_no_trial_before_its_warm_up() -> None:
    content = {name: value for name, value in Strategy().to_dict().items() if name != "early_keep_percent"}
    assert Strategy.from_dict({**content, "format": 6}).early_keep_percent is None


def test_a_new_one_refits_the_members_of_the_winner_and_its_partners() -> None:
    assert (Strategy().refit, Strategy(finalists=3, members=4).refits) == (True, 12)
    assert Strategy(finalists=3, members=4, partners_within=None).refits == 4
    assert Strategy(members=4, refit=False).refits == 0


@pytest.mark.parametrize(
    "content",
    [
        {**FORMAT_1, "format": 3},
        {**FORMAT_2, "format": 3},
        {**FORMAT_2, "refit": True, "format": 4},
        {**Strategy().to_dict(), "refit_share": 0},
        {**Strategy().to_dict(), "refit_share": 1.5},
        {**Strategy().to_dict(), "refit_after": -0.1},
        {**Strategy().to_dict(), "refit_rate": 0},
        {**Strategy().to_dict(), "partners_within": -0.1},
        {**Strategy().to_dict(), "refit_dropout": 1.0},
        {**FORMAT_4, "format": 5},
        {**FORMAT_2, "format": "2"},
        {**FORMAT_1, "members": 0},
        {name: value for name, value in FORMAT_1.items() if name != "patience"},
        {name: value for name, value in Strategy().to_dict().items() if name != "reduction"},
    ],
)
def test_what_no_strategy_can_be_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Strategy.from_dict(content)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sampler", "cmaes"),
        ("pruner", "median"),
        ("reduction", 1),
        ("hoped_gain", 1.5),
        ("keep_percent", 0),
        ("early_keep_percent", 39.9),
        ("early_keep_percent", 101),
        ("counted", ("pruned",)),
    ],
)
def test_errors_name_rule_and_value(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"strategy\.{name} = "):
        Strategy(**{name: value})
