"""How a model was trained on all of Set A, in words, also of results of earlier versions."""

from __future__ import annotations

import pytest

from search.results.refit import how_refitted


@pytest.mark.parametrize(
    ("refit", "said"),
    [
        (None, ""),
        (
            {"epochs": 8, "goes_on": True, "diverged": []},
            "Each member was then trained on for 8 epochs on all of Set A; validation figures and learning "
            "curves are of the members before that.",
        ),
        (
            {"epochs": 1, "diverged": [1]},
            "Each member was then trained again on all of Set A for 1 epoch; validation figures and learning "
            "curves are of the same seeds trained without the validation probes. Member 2 diverged there and "
            "stands as it was before.",
        ),
    ],
)
def test_it_says_whether_members_went_on_or_began_anew(refit: dict[str, object] | None, said: str) -> None:
    assert how_refitted({"refit": refit}) == said
    assert how_refitted({}) == ""
