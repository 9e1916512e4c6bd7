"""How a model was trained, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BEGUN_ANEW = (
    "validation figures and learning curves are of the same seeds trained without the validation probes"
)
WENT_ON = "validation figures and learning curves are of the members before that"


def how_refitted(result: Mapping[str, Any]) -> str:
    """Say that the members were trained on all of Set A; empty where they were not.

    Parameters
    ----------
    result : dict
        result.json. Its `refit` has the number of `epochs`, whether each `goes_on` from where it was before
        (missing in earlier versions, where each began anew), and which members, from 0, `diverged` and stand
        as they were before; None, or missing in earlier versions, where no member was trained on all of it.
    """
    refit = result.get("refit")
    if not refit:
        return ""
    epochs = "1 epoch" if refit["epochs"] == 1 else f"{refit['epochs']} epochs"
    said = f"Each member was then trained again on all of Set A for {epochs}; {BEGUN_ANEW}."
    if refit.get("goes_on"):
        said = f"Each member was then trained on for {epochs} on all of Set A; {WENT_ON}."
    return said + "".join(
        f" Member {number + 1} diverged there and stands as it was before."
        for number in refit.get("diverged", ())
    )
