"""Which configs the members of a model have, and how they were trained: as data, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from data_io.errors import StudyError

BEGUN_ANEW = (
    "validation figures and learning curves are of the same seeds trained without the validation probes"
)
WENT_ON = "validation figures and learning curves are of the members before that"


class Config(NamedTuple):
    """A config that members of a model have.

    Attributes
    ----------
    trial : int
        The trial that tried it.
    params : dict
        Its hyperparameters.
    value : float or None
        The trial's validation Spearman, where it is known.
    members : int
        How many members have it.
    refit : dict or None
        How these were trained on all of Set A, None where they were not: for how many `epochs`, whether each
        `goes_on` from where it was before (missing in earlier versions, where each began anew), and which of
        them, from 0, `diverged` there and stand as they were before.
    """

    trial: int
    params: Mapping[str, Any]
    value: float | None
    members: int
    refit: Mapping[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, as `configs_of` reads them."""
        return {**self._asdict(), "params": dict(self.params)}


def configs_of(result: Mapping[str, Any]) -> list[Config]:
    """List the configs of a model's members, the winner's first.

    Parameters
    ----------
    result : dict
        result.json, that of earlier versions too, in which all members have the winner's config.

    Raises
    ------
    StudyError
        When it is damaged.
    """
    try:
        partners = [Config(**partner) for partner in result.get("partners", ())]
        own = len(result["members"]) - sum(partner.members for partner in partners)
        winner = result["best_trial"], result["params"], result.get("best_trial_spearman")
    except (KeyError, TypeError) as error:
        raise StudyError(f"{result['study']}: its figures are damaged ({error}); restore them") from error
    configs = [Config(*winner, own, result.get("refit")), *partners]
    if damaged := [config for config in configs if not _is_whole(config)]:
        place = f"the config of trial {damaged[0].trial!r}"
        raise StudyError(f"{result['study']}: its figures are damaged ({place}); restore them")
    return configs


def _is_whole(config: Config) -> bool:
    refit: Any = {"epochs": 1} if config.refit is None else config.refit
    diverged = refit.get("diverged", []) if isinstance(refit, dict) else None
    counts = config.trial, config.members - 1, *(diverged if isinstance(diverged, list) else [-1])
    return (
        isinstance(config.params, dict)
        and all(isinstance(count, int) and count >= 0 for count in counts)
        and isinstance(refit.get("epochs"), int)
    )


def how_made(result: Mapping[str, Any]) -> str:
    """Say of which trials the members are, and that they were trained on all of Set A; empty where neither.

    Parameters
    ----------
    result : dict
        result.json.

    Raises
    ------
    StudyError
        When it is damaged.
    """
    configs = configs_of(result)
    if len(configs) == 1:
        return _how_refitted(configs[0], "Each member")
    before = [sum(config.members for config in configs[:place]) for place in range(len(configs))]
    counts = [f"{config.members} of the config of trial {config.trial}" for config in configs]
    said = f"The model's members are {_listed(counts)}, which validated about as well."
    refits = [config.refit or {} for config in configs]
    if any(refit != refits[0] or refit.get("diverged") for refit in refits):
        pairs = zip(configs, before, strict=True)
        texts = [_how_refitted(config, f"Each of trial {config.trial}", first) for config, first in pairs]
    else:
        texts = [_how_refitted(configs[0], "Each member")]
    return " ".join([said, *filter(None, texts)])


def _listed(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _how_refitted(config: Config, each: str, before: int = 0) -> str:
    if not config.refit:
        return ""
    epochs = "1 epoch" if config.refit["epochs"] == 1 else f"{config.refit['epochs']} epochs"
    said = f"{each} was then trained again on all of Set A for {epochs}; {BEGUN_ANEW}."
    if config.refit.get("goes_on"):
        said = f"{each} was then trained on for {epochs} on all of Set A; {WENT_ON}."
    return said + "".join(
        f" Member {before + number + 1} diverged there and stands as it was before."
        for number in config.refit.get("diverged", ())
    )
