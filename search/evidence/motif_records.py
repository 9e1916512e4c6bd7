"""What is known of motifs, as values."""

from __future__ import annotations

from dataclasses import dataclass

Probabilities = tuple[tuple[float, float, float, float], ...]
"""A position weight matrix: for each position the probabilities of A, C, G and U."""


@dataclass(frozen=True)
class Motif:
    """A motif of the model.

    Attributes
    ----------
    iupac : str
    share : float
        Of the effect of all single substitutions in the probes that the model rates highest: what lies
        within sites of this motif.
    probabilities : tuple of (A, C, G, U)
    sites : int
        Places that it was made of.
    """

    iupac: str
    share: float
    probabilities: Probabilities
    sites: int


@dataclass(frozen=True)
class WordMotif:
    """The motif in the 7-mers that raise the model's prediction most, aligned.

    Attributes
    ----------
    iupac : str
    probabilities : tuple of (A, C, G, U)
    kmers : tuple of str
        The strongest first.
    """

    iupac: str
    probabilities: Probabilities
    kmers: tuple[str, ...]


@dataclass(frozen=True)
class Filter:
    """What one filter of the ensemble's first member, a CNN, detects.

    Attributes
    ----------
    filter : int
    iupac : str
    effect : float
        How far predictions move when the filter never responds: root mean square, in standard deviations of
        the predictions.
    probabilities : tuple of (A, C, G, U)
    """

    filter: int
    iupac: str
    effect: float
    probabilities: Probabilities


@dataclass(frozen=True)
class Word:
    """A 7-mer with its Z-score."""

    kmer: str
    z: float


@dataclass(frozen=True)
class DataMotif:
    """The 7-mers with the highest Z-scores of either set, highest first; none where none can be told."""

    set_a: tuple[Word, ...]
    set_b: tuple[Word, ...]


@dataclass(frozen=True)
class Known:
    """The published motif of the experiment beside the model's.

    Attributes
    ----------
    iupac : str
        The published one.
    source : str
    of : str
        What of the model agrees best: "sites", its first motif, or "words", its aligned 7-mers.
    p : float
        Probability that a random motif agrees as well with either at its best alignment.
    offset : int
        Position of the model's motif at which the published one begins; negative where it begins before.
    overlap : int
        Positions that both have.
    """

    iupac: str
    source: str
    of: str
    p: float
    offset: int
    overlap: int


@dataclass(frozen=True)
class Similar:
    """A published motif that is like the model's.

    Attributes
    ----------
    iupac : str
    genes, experiments : tuple of str
        For which it is published.
    p : float
        As that of `Known`, for this comparison alone.
    """

    iupac: str
    genes: tuple[str, ...]
    experiments: tuple[str, ...]
    p: float
