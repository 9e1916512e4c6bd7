"""The evidence of a study as values, and as the JSON that is kept of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from data_io.errors import StudyError
from search.evidence.motif_records import DataMotif, Filter, Known, Motif, Similar, WordMotif
from search.evidence.plain import from_plain, to_plain

FORMAT = 2


@dataclass(frozen=True)
class TestTable:
    """The test as it was made.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    measured : float32 array, shape (n,)
        Log intensities in standard deviations, as the model saw its targets; NaN where nothing was measured.
    predicted : float32 array, shape (n,)
        By the ensemble.
    members : float32 array, shape (members, n)
        By each member.
    """

    __test__ = False  # no test of pytest's

    codes: npt.NDArray[np.uint8]
    measured: npt.NDArray[np.float32]
    predicted: npt.NDArray[np.float32]
    members: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Missing:
    """Stands where something cannot be told, and says why."""

    reason: str


@dataclass(frozen=True)
class Ceiling:
    """The most that any model could reach against the measurements of a set.

    Attributes
    ----------
    pairs : int
        Pairs of probes with the same sequence from which it was told.
    reliability : float
        Share of the variance of the measurements that is not noise.
    spearman, pearson : (float, float)
        Intervals that hold the highest correlation.
    """

    pairs: int
    reliability: float
    spearman: tuple[float, float]
    pearson: tuple[float, float]


@dataclass(frozen=True)
class Ceilings:
    """Of both sets."""

    set_a: Ceiling | Missing
    set_b: Ceiling | Missing


@dataclass(frozen=True)
class Scores:
    """Correlations of predictions with measurements."""

    spearman: float
    pearson: float


@dataclass(frozen=True)
class Ridge:
    """A linear model on the counts of k-mers, its penalty chosen by validation.

    Where the network was trained on all of Set A before its test, so was this.
    """

    penalty: float
    validation: Scores
    test: Scores | Missing


@dataclass(frozen=True)
class RankScore:
    """What is known of a trial."""

    spearman: float


@dataclass(frozen=True)
class FirstTrial:
    """Trial 0: the published notebook's network."""

    validation: RankScore


@dataclass(frozen=True)
class Baselines:
    """What is to be beaten."""

    ridge: Ridge | Missing
    trial_0: FirstTrial | Missing


@dataclass(frozen=True)
class Published:
    """Test Pearson of published methods for the same experiment, Set A to Set B of the whole array."""

    experiment: str
    pearson: Mapping[str, float]
    source: str


@dataclass(frozen=True)
class Verdict:
    """Whether to believe it: "green", "amber", "red" or (nothing can be told) "grey", and three sentences."""

    colour: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """All that speaks for a model, and against it."""

    ceiling: Ceilings
    baselines: Baselines
    published: Published | Missing
    motifs: tuple[Motif, ...]
    words: WordMotif | Missing
    filters: tuple[Filter, ...]
    data_motif: DataMotif
    known: Known | Missing
    similar: tuple[Similar, ...]
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, fit for JSON."""
        return {"format": FORMAT, **to_plain(self)}

    @classmethod
    def from_dict(cls, content: Any, source: str = "evidence.json") -> Evidence:
        """Read plain values back; `source` names them in an error.

        Raises
        ------
        StudyError
            When they are not evidence of this version.
        """
        if not isinstance(content, Mapping) or content.get("format") not in {1, FORMAT}:
            remedy = "gather it again with rbptune report --again"
            raise StudyError(f"{source}: not evidence of this version of rbptune; {remedy}")
        try:
            whole = content if content["format"] == FORMAT else _completed(content)
            return from_plain(cls, {key: value for key, value in whole.items() if key != "format"})
        except ValueError as error:
            raise StudyError(f"{source}: damaged ({error}); restore it from a copy") from error


def _completed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Complete what was gathered before a model's 7-mers were compared with published motifs, too."""
    known = content.get("known")
    if isinstance(known, Mapping) and "reason" not in known:
        known = {**known, "of": "sites"}
    words = {"reason": "not compared when this was gathered; rbptune report --again does it"}
    return {**content, "words": words, "known": known, "similar": []}
