"""The verdict: whether to believe a model, in three sentences and a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search.evidence.ceiling import share_of
from search.evidence.evidence import Baselines, Ceiling, Missing, Published, Verdict
from search.evidence.known import SURPRISING, compare, views_of
from search.evidence.motif_records import DataMotif, Known, Motif, Similar, WordMotif
from search.evidence.pwm import from_iupac

NO_SIGNAL = 0.2
"""Spearman below which a model says next to nothing."""

MUCH_OF_THE_CEILING = 0.7
MEMBERS_AGREE = 0.03
"""Test Spearman by which members of one ensemble differ at most where chance plays little part."""

VERDICT_WORDS = {
    "green": "Good",
    "amber": "With care",
    "red": "Do not rely on it",
    "grey": "Cannot be told",
}
"""What each colour says, the best first, for those who do not see it."""


@dataclass(frozen=True)
class Findings:
    """What a verdict is given on.

    Attributes
    ----------
    figures : mapping
        As `gather` is given them, of a study that was tested.
    ceiling : Ceiling or Missing
        Of the test set.
    baselines : Baselines
    published : Published or Missing
    motifs : tuple of Motif
    words : WordMotif or Missing
    known : Known or Missing
    similar : tuple of Similar
    data_motif : DataMotif
    """

    figures: Mapping[str, Any]
    ceiling: Ceiling | Missing
    baselines: Baselines
    published: Published | Missing
    motifs: tuple[Motif, ...]
    words: WordMotif | Missing
    known: Known | Missing
    similar: tuple[Similar, ...]
    data_motif: DataMotif

    @property
    def score(self) -> float:
        """Test Spearman of the ensemble."""
        return float(self.figures["test_spearman"])

    @property
    def linear(self) -> float | None:
        """Test Spearman of the linear baseline."""
        ridge = self.baselines.ridge
        return None if isinstance(ridge, Missing) or isinstance(ridge.test, Missing) else ridge.test.spearman

    @property
    def motif_p(self) -> float | None:
        """How surprising the motif's agreement with the published one is."""
        return None if isinstance(self.known, Missing) else self.known.p


def judge(found: Findings) -> Verdict:
    """Say how good a model is, how sure that is, and whether its motif is the known one.

    Grey: nothing was tested. Red: no signal, or none that the model found. Amber: no better than counting
    k-mers, under 70 % of what could be reached, members that disagree by more than 0.03, or a motif that is
    not the published one. Green: none of these.
    """
    if "test_spearman" not in found.figures:
        return Verdict("grey", ("It was not tested, so that nothing can be said of it.",))
    if found.score < NO_SIGNAL:
        return Verdict("red", (_how_bad(found), _how_sure(found), _which_motif(found)))
    doubts = _is_low(found), _disagree(found), found.motif_p is not None and found.motif_p > SURPRISING
    colour = "amber" if any(doubts) else "green"
    return Verdict(colour, (_how_good(found), _how_sure(found), _which_motif(found)))


def _how_bad(found: Findings) -> str:
    others = [] if found.linear is None else [found.linear]
    if isinstance(found.published, Published):
        others.extend(found.published.pearson.values())
    said = f"Its test Spearman is {found.score:.3f}"
    if not isinstance(found.ceiling, Missing) and found.ceiling.spearman[0] > 2 * NO_SIGNAL:
        low = found.ceiling.spearman[0]
        return f"{said}, of {low:.2f} that could be reached at least: there is a signal that it did not find."
    if others and max(others) < 1.5 * NO_SIGNAL:
        reached = f"its test Spearman is {found.score:.3f}"
        return f"No signal: {reached}, and nobody models this one ({_said_of_others(found)})."
    return f"{said}: it says next to nothing of this protein{_versus_others(found)}."


def _how_good(found: Findings) -> str:
    compared = _of_the_ceiling(found), _versus_others(found), _gained(found)
    return f"Its test Spearman of {found.score:.3f}{''.join(compared)}."


def _of_the_ceiling(found: Findings) -> str:
    if isinstance(found.ceiling, Missing):
        return f" has no ceiling to be held against ({found.ceiling.reason})"
    low, high = found.ceiling.spearman
    shares = share_of(found.score, found.ceiling.spearman)
    if shares is None:
        return " is more than the repeated probes say any model could reach"
    reached = sorted({round(each) for each in shares})
    share = " to ".join(f"{each} %" for each in reached)
    return f" is {share} of the {low:.2f} to {high:.2f} that any model could reach"


def _versus_others(found: Findings) -> str:
    said = _said_of_others(found)
    return f"; {said}" if said else ""


def _said_of_others(found: Findings) -> str:
    parts = []
    if found.linear is not None:
        parts.append(f"counting k-mers reaches {found.linear:.3f}")
    if isinstance(found.published, Published):
        scores, own = found.published.pearson, float(found.figures["test_pearson"])
        beaten = sum(score < own for score in scores.values())
        parts.append(
            f"its Pearson of {own:.3f} is above {beaten} of {len(scores)} published methods "
            f"({min(scores.values()):.3f} to {max(scores.values()):.3f})"
        )
    return ", and ".join(parts)


def _gained(found: Findings) -> str:
    first = found.baselines.trial_0
    if isinstance(first, Missing):
        return ""
    gain = float(found.figures["val_spearman"]) - first.validation.spearman
    return f"; in validation it is {abs(gain):.3f} {'above' if gain >= 0 else 'below'} trial 0"


def _how_sure(found: Findings) -> str:
    scores = _member_scores(found)
    if len(scores) < 2:
        return "How much chance there is in it is not known, since it has one member only."
    spread = f"{min(scores):.3f} to {max(scores):.3f}"
    said = "agree" if not _disagree(found) else "disagree, so that chance plays a part"
    return f"Its {len(scores)} members, each trained by itself, {said}: alone they reach {spread}."


def _member_scores(found: Findings) -> list[float]:
    members = found.figures.get("members", ())
    return [float(member["test_spearman"]) for member in members if "test_spearman" in member]


def _disagree(found: Findings) -> bool:
    scores = _member_scores(found)
    return len(scores) > 1 and max(scores) - min(scores) > MEMBERS_AGREE


def _is_low(found: Findings) -> bool:
    if found.linear is not None and found.score <= found.linear:
        return True
    return (
        isinstance(found.ceiling, Ceiling) and found.score < MUCH_OF_THE_CEILING * found.ceiling.spearman[1]
    )


def _which_motif(found: Findings) -> str:
    if not found.motifs:
        return "It has no motif: no substitution in the probes that it rates highest costs it much."
    first = found.motifs[0]
    said = f"motif {first.iupac}, {100 * first.share:.0f} % of the effect,"
    if isinstance(found.known, Missing):
        aligned = (
            "" if isinstance(found.words, Missing) else f" or {found.words.iupac} in its strongest 7-mers,"
        )
        alone = "has no published one of its experiment to be held against"
        return f"Its {said}{aligned} {alone}{_of_the_data(found)}{_most_similar(found)}."
    known = f"the published {found.known.iupac} (p = {found.known.p:.1g})"
    if found.known.p <= SURPRISING:
        return f"Its {said}{_in_words(found)} is {known}."
    if found.score < NO_SIGNAL:
        return f"Its {said} is not {known}{_of_the_data(found)}."
    return f"Good score, wrong motif: its {said} is not {known}{_of_the_data(found)}{_most_similar(found)}."


def _in_words(found: Findings) -> str:
    """What its 7-mers say, where it is these that agree with the published motif."""
    if isinstance(found.words, Missing) or isinstance(found.known, Missing) or found.known.of != "words":
        return ""
    return f" or {found.words.iupac} in its strongest 7-mers,"


def _of_the_data(found: Findings) -> str:
    """What the measurements themselves say of the motif, by their strongest 7-mer."""
    words = found.data_motif.set_b or found.data_motif.set_a
    if not words:
        return ""
    _, aligned = compare(views_of(found.motifs, found.words), from_iupac(words[0].kmer))
    agrees = "agrees with" if aligned.p <= SURPRISING else "does not agree with"
    return f"; it {agrees} the strongest 7-mer of the data, {words[0].kmer} (p = {aligned.p:.1g})"


def _most_similar(found: Findings) -> str:
    """Which published motif is most like it, as a hint which family it is of; nothing without a signal."""
    if found.score < NO_SIGNAL:
        return ""
    if not found.similar:
        return "; no published motif is like it"
    first = found.similar[0]
    genes = " and ".join(first.genes[:3])
    return f"; of the published motifs {first.iupac} of {genes} is most like it (p = {first.p:.1g})"
