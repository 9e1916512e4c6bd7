"""What ``import rbptune`` offers beside `load_model` and `saturate`: questions to a model, data or export."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data_io.alphabet import WIDTH, encode
from data_io.errors import DataError, StudyError
from models.weights import LoadedModel
from search.evidence import kmers
from search.evidence.ceiling import noise_ceiling
from search.evidence.evidence import Ceiling, Missing, Verdict
from search.evidence.gather import SCANNED
from search.evidence.motif_records import Motif
from search.evidence.motifs import find_motifs
from search.results.evidence_files import EVIDENCE, read_evidence


def marginalize(
    model: LoadedModel, words: Sequence[str], backgrounds: int = 100, seed: int = 0
) -> pd.DataFrame:
    """Measure what words do to the prediction where they are written into the middle of random sequences.

    Parameters
    ----------
    model : LoadedModel
        As `load_model` gives it.
    words : sequence of str
        Of one length, from 1 to 41 letters.
    backgrounds : int
        Random sequences that each is written into. Default is 100.
    seed : int
        Of these. Default is 0.

    Returns
    -------
    DataFrame
        A row a word, with its effect (mean difference of the prediction, in standard deviations of the log
        intensities) and the spread (standard deviation of that difference over the sequences).

    Raises
    ------
    DataError
        When words are empty, of several lengths or above 41, or hold a letter beside A, C, G, U, T and N.
    """
    codes, lengths = encode(words, lambda number: f"word {number + 1}")
    if len(set(lengths.tolist())) > 1:
        raise DataError(f"words have {lengths.min()} to {lengths.max()} letters; give words of one length")
    plain = np.random.default_rng(seed).integers(0, 4, (backgrounds, WIDTH), dtype=np.uint8)
    effects = kmers.marginalize(model.members, codes[:, : lengths.max(initial=0)], plain)
    index = pd.Index([word.upper().replace("T", "U") for word in words], name="word")
    return pd.DataFrame({"effect": effects.mean(axis=1), "spread": effects.std(axis=1)}, index)


def motif(model: LoadedModel, sequences: Sequence[str] | None = None, seed: int = 0) -> Motif | None:
    """Find the motif of a model: what matters in the sequences that it rates highest.

    Parameters
    ----------
    model : LoadedModel
    sequences : sequence of str, optional
        Of up to 41 letters, to choose the best 200 from. Default: 20,000 random ones.
    seed : int
        Of these. Default: 0.

    Returns
    -------
    Motif or None
        With `iupac`, `probabilities` (of A, C, G, U at each position), `share` of the effect and `sites`;
        None where no substitution costs anything.

    Raises
    ------
    DataError
        When a sequence is empty, longer than 41, or holds another letter than A, C, G, U, T and N.
    """
    if sequences is None:
        codes = np.random.default_rng(seed).integers(0, 4, (SCANNED, WIDTH), dtype=np.uint8)
    else:
        codes, _ = encode(sequences)
    return next(iter(find_motifs(model.members, codes, 1)), None)


def ceiling(sequences: Sequence[str], measured: npt.ArrayLike) -> Ceiling | Missing:
    """Estimate the highest correlations that any model could reach with measurements, by what stands twice.

    Parameters
    ----------
    sequences : sequence of str, length n
        Of up to 41 letters; some of them more than once.
    measured : array of float, shape (n,)
        On the scale of the targets (log intensities); NaN where nothing was measured.

    Returns
    -------
    Ceiling or Missing
        With `spearman` and `pearson`, an interval each, the `reliability` of one measurement and the number
        of `pairs`; or the `reason` why it cannot be told.

    Raises
    ------
    DataError
        When there are not as many values as sequences, or a sequence cannot be read.
    """
    codes, _ = encode(sequences)
    values = np.asarray(measured, np.float64)
    if values.shape != (len(codes),):
        raise DataError(f"measured has the shape {values.shape}; give one value for each of {len(codes)}")
    return noise_ceiling(codes, values)


def verdict(folder: str | Path) -> Verdict:
    """Give the verdict on a model: a colour and three sentences.

    Parameters
    ----------
    folder : str or Path
        Of an export.

    Returns
    -------
    Verdict
        With `colour` (green, amber, red, grey) and `sentences`.

    Raises
    ------
    StudyError
        When the folder holds no evidence.
    """
    evidence = read_evidence(Path(folder))
    if evidence is None and any(Path(folder).glob(f"*/{EVIDENCE}")):
        raise StudyError(f"{folder}: several exports are combined there; give one of their folders")
    if evidence is None:
        raise StudyError(f"{Path(folder) / EVIDENCE}: no such file; export the study anew with this version")
    return evidence.verdict
