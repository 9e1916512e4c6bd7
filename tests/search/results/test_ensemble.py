"""Which configs the members of a model have, in words, also of results of earlier versions."""

from __future__ import annotations

import pytest

from data_io.errors import StudyError
from search.results.ensemble import Config, configs_of, how_made

WINNER = {"study": "P/R/cnn", "best_trial": 3, "params": {"filters": 8}, "members": [{}, {}]}
WENT_ON = {"epochs": 8, "goes_on": True, "diverged": []}
BEGUN_ANEW = {"epochs": 1, "diverged": [1]}
PARTNER = Config(24, {"filters": 4}, 0.5, 2, WENT_ON)
TOGETHER = {**WINNER, "members": [{}] * 4, "partners": [PARTNER.to_dict()]}


@pytest.mark.parametrize(
    ("refit", "said"),
    [
        (None, ""),
        (
            WENT_ON,
            "Each member was then trained on for 8 epochs on all of Set A; validation figures and learning "
            "curves are of the members before that.",
        ),
        (
            BEGUN_ANEW,
            "Each member was then trained again on all of Set A for 1 epoch; validation figures and learning "
            "curves are of the same seeds trained without the validation probes. Member 2 diverged there and "
            "stands as it was before.",
        ),
    ],
)
def test_it_says_whether_members_went_on_or_began_anew(refit: dict[str, object] | None, said: str) -> None:
    assert how_made({**WINNER, "refit": refit}) == said
    assert how_made(WINNER) == ""


def test_it_says_whose_members_are_together() -> None:
    both = "The model's members are 2 of the config of trial 3 and 2 of the config of trial 24"
    assert how_made({**TOGETHER, "refit": WENT_ON}) == (
        f"{both}, which validated about as well. Each member was then trained on for 8 epochs on all of "
        "Set A; validation figures and learning curves are of the members before that."
    )
    differing = how_made({**TOGETHER, "refit": BEGUN_ANEW})
    assert "as well. Each of trial 3 was then trained again on all of Set A for 1 epoch" in differing
    assert "Member 2 diverged there and stands as it was before. Each of trial 24 was" in differing
    alone = {**PARTNER.to_dict(), "refit": None}
    unchanged = {**TOGETHER, "partners": [alone], "refit": None}
    assert how_made(unchanged) == f"{both}, which validated about as well."


def test_members_are_counted_over_the_whole_ensemble() -> None:
    later = {**PARTNER.to_dict(), "refit": BEGUN_ANEW}
    assert "Member 4 diverged there" in how_made({**TOGETHER, "partners": [later], "refit": WENT_ON})


def test_the_configs_are_read_as_they_were_kept() -> None:
    winner = Config(3, {"filters": 8}, None, 2, WENT_ON)
    assert configs_of({**TOGETHER, "refit": WENT_ON}) == [winner, PARTNER]
    assert configs_of({**WINNER, "best_trial_spearman": 0.5}) == [Config(3, {"filters": 8}, 0.5, 2, None)]


@pytest.mark.parametrize(
    "damage",
    [
        {"partners": [{"trial": 3}]},
        {"partners": 3},
        {"members": 2},
        {"partners": [{**PARTNER.to_dict(), "members": 9}]},
        {"partners": [{**PARTNER.to_dict(), "members": 0}]},
        {"partners": [{**PARTNER.to_dict(), "params": 3}]},
        {"partners": [{**PARTNER.to_dict(), "trial": "3"}]},
        {"partners": [{**PARTNER.to_dict(), "refit": {"goes_on": True}}]},
        {"partners": [{**PARTNER.to_dict(), "refit": {**WENT_ON, "diverged": "x"}}]},
        {"refit": 3},
    ],
)
def test_damaged_figures_are_one_line(damage: dict[str, object]) -> None:
    with pytest.raises(StudyError, match="P/R/cnn: its figures are damaged"):
        configs_of({**TOGETHER, **damage})
