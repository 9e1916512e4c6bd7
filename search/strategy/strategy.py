"""The strategy of a study: what is tried next, and when it ends; decided when the study is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from data_io.errors import ConfigError

FORMAT = 7
SAMPLERS = ("tpe", "random", "gp")
PRUNERS = ("percentile", "none", "halving", "hyperband", "extrapolation")
ENDINGS = ("finished", "pruned")
CONFIGS = ("starts", "transferred")
ADDED: Mapping[int, Mapping[str, Any]] = {
    2: {"multivariate": True, "reduction": 3, "hoped_gain": 0.9, "transferred": ()},
    3: {"refit": False},
    4: {"refit_share": None, "refit_after": 0.0},
    5: {"refit_rate": 0.5, "partners_within": None},
    6: {"refit_dropout": None},
    7: {"early_keep_percent": None},
}
"""What strategies did before each format, in the fields that came with it."""


@dataclass(frozen=True)
class Strategy:
    """How a study searches; the defaults are those of a new study, and stand here alone.

    A study stores its strategy and goes on under it, whatever the defaults are by then.

    Attributes
    ----------
    sampler : {"tpe", "random", "gp"}
        See `search.strategy.samplers`.
    startup_trials : int
        Trials drawn at random before the sampler models the results.
    multivariate : bool
        Whether TPE draws the parameters together.
    pruner : {"percentile", "none", "halving", "hyperband", "extrapolation"}
        See `search.strategy.pruners`.
    keep_percent : float
        The percentile pruner ends a trial that is not among this share of the finished ones at its epoch,
    pruner_startup_trials : int
        once so many trials have finished,
    warmup_epochs : int
        and not before this epoch, which is the first rung of halving and Hyperband, too.
    early_keep_percent : float or None
        At earlier epochs the percentile pruner ends one that is not among this larger share; None ends none.
    reduction : int
        Halving and Hyperband let one of so many trials go on from rung to rung.
    hoped_gain : float
        The share of finished trials whose further gain extrapolation allows a trial at most.
    patience : int or None
        Epochs without a gain worth its time after which a trial is ended at its best; None never ends one.
    min_gain : float
        The gain in validation Spearman that is worth the time.
    starts : tuple of dict
        Hyperparameters of trials 1, 2 and so on, before any is drawn.
    transferred : tuple of dict
        The same of the trials after those: configs that won for other proteins of the workspace.
    counted : tuple of {"finished", "pruned"}
        Which ended trials count towards the budget.
    finalists, members : int
        Best configs that are retrained, and seeds with which each is.
    retraining_patience : int or None
        Epochs without any new best after which a retraining ends.
    partners_within : float or None
        A finalist is the winner's partner, so that the members of both are one ensemble, where the mean
        validation Spearman of its members is at most so much lower; None lets none be.
    refit : bool
        Whether the members of the ensemble are trained on all of Set A and those are handed over.
    refit_share : float or None
        They go on there from where they validated best, for this share of the epochs of their config, rounded
        up; None never lets them.
    refit_rate : float
        The share of their learning rate that falls to nothing meanwhile.
    refit_dropout : float or None
        Their dropout before the output meanwhile, where the network has an `output_dropout`; None leaves it
        as it is.
    refit_after : float
        That is where the median member validated best after this share of its epochs, so that it still gained
        in the end; else each is trained from the beginning, for as long as the median took to its best.

    Raises
    ------
    ConfigError
    """

    sampler: str = "tpe"
    startup_trials: int = 10
    multivariate: bool = True
    pruner: str = "percentile"
    keep_percent: float = 40.0
    pruner_startup_trials: int = 5
    warmup_epochs: int = 3
    early_keep_percent: float | None = 70.0
    reduction: int = 3
    hoped_gain: float = 0.9
    patience: int | None = 2
    min_gain: float = 0.001
    starts: tuple[Mapping[str, Any], ...] = ()
    transferred: tuple[Mapping[str, Any], ...] = ()
    counted: tuple[str, ...] = ENDINGS
    finalists: int = 2
    members: int = 2
    retraining_patience: int | None = 5
    partners_within: float | None = 0.008
    refit: bool = True
    refit_share: float | None = 0.5
    refit_rate: float = 1.0
    refit_dropout: float | None = 0.0
    refit_after: float = 0.8

    def __post_init__(self) -> None:
        _require(self.sampler in SAMPLERS, "sampler", self.sampler, f"be one of {', '.join(SAMPLERS)}")
        _require(self.pruner in PRUNERS, "pruner", self.pruner, f"be one of {', '.join(PRUNERS)}")
        _require(0 < self.keep_percent <= 100, "keep_percent", self.keep_percent, "lie above 0, up to 100")
        early, least = self.early_keep_percent, self.keep_percent
        rule = f"be keep_percent ({least:g}) to 100, or None"
        _require(early is None or least <= early <= 100, "early_keep_percent", early, rule)
        _require(0 <= self.hoped_gain <= 1, "hoped_gain", self.hoped_gain, "lie from 0 to 1")
        _require(self.reduction >= 2, "reduction", self.reduction, "be 2 or more")
        for name in ("startup_trials", "pruner_startup_trials", "warmup_epochs"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "be 0 or more")
        for name in ("finalists", "members"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "be 1 or more")
        for name in ("patience", "retraining_patience"):
            epochs = getattr(self, name)
            _require(epochs is None or epochs >= 1, name, epochs, "be 1 or more, or None")
        within = self.partners_within
        _require(within is None or within >= 0, "partners_within", within, "be 0 or more, or None")
        _require(0 < self.refit_rate <= 1, "refit_rate", self.refit_rate, "lie above 0, up to 1")
        dropout = self.refit_dropout
        _require(dropout is None or 0 <= dropout <= 0.99, "refit_dropout", dropout, "be 0 to 0.99, or None")
        share = self.refit_share
        _require(share is None or 0 < share <= 1, "refit_share", share, "lie above 0, up to 1, or be None")
        _require(0 <= self.refit_after <= 1, "refit_after", self.refit_after, "lie from 0 to 1")
        _require("finished" in self.counted, "counted", self.counted, "hold 'finished'")
        _require(set(self.counted) <= set(ENDINGS), "counted", self.counted, f"be of {', '.join(ENDINGS)}")

    @property
    def refits(self) -> int:
        """How many networks are trained on all of Set A, at most."""
        configs = 1 if self.partners_within is None else self.finalists
        return configs * self.members if self.refit else 0

    def trainings(self, finalists: int) -> int:
        """How many networks the end of a study trains that has so many finalists, at most."""
        retrained = finalists * self.members
        return retrained + min(self.refits, retrained)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, the form kept in a study."""
        configs = {name: [dict(config) for config in getattr(self, name)] for name in CONFIGS}
        return {"format": FORMAT, **asdict(self), **configs, "counted": list(self.counted)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Strategy:
        """Read what `to_dict` gave, that of earlier formats too.

        Raises
        ------
        ConfigError
            When it is of another format, or holds what no strategy can be.
        """
        values = dict(content)
        found = values.pop("format", None)
        if found not in range(1, FORMAT + 1):
            raise ConfigError(f"strategy of format {found!r}; this version reads 1 to {FORMAT}")
        for later in range(found + 1, FORMAT + 1):
            values = {**ADDED[later], **values}
        if set(values) != {field.name for field in fields(cls)}:
            raise ConfigError(f"strategy of format {found}: other fields than that format has")
        return cls(**{**values, **{name: tuple(values[name]) for name in (*CONFIGS, "counted")}})


def _require(holds: bool, name: str, value: Any, rule: str) -> None:
    if not holds:
        raise ConfigError(f"strategy.{name} = {value!r}: must {rule}")
