"""How a model was trained, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def how_refitted(result: Mapping[str, Any]) -> str:
    """Say that the members were trained again on all of Set A; empty where they were not.

    Parameters
    ----------
    result : dict
        result.json. Its `refit` has the number of `epochs` and which members, from 0, `diverged` and stand as
        they were before; None, or missing in earlier versions, where no member was trained again.
    """
    refit = result.get("refit")
    if not refit:
        return ""
    epochs = "1 epoch" if refit["epochs"] == 1 else f"{refit['epochs']} epochs"
    said = (
        f"Each member was then trained again on all of Set A for {epochs}; validation figures and learning "
        "curves are of the same seeds trained without the validation probes."
    )
    return said + "".join(
        f" Member {number + 1} diverged there and stands as it was before."
        for number in refit.get("diverged", ())
    )
