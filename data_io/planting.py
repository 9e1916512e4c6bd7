"""Motifs planted into simulated measurements, and how strongly each probe binds them."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_io.alphabet import WIDTH

IUPAC = {
    **{letter: letter for letter in "ACGU"},
    "R": "AG",
    "Y": "CU",
    "S": "CG",
    "W": "AU",
    "K": "GU",
    "M": "AC",
    "B": "CGU",
    "D": "AGU",
    "H": "ACU",
    "V": "ACG",
    "N": "ACGU",
}
_MISMATCH = 0.2  # a wrong letter leaves a fifth of the affinity


@dataclass(frozen=True)
class PlantedMotif:
    """What a simulated experiment binds.

    Attributes
    ----------
    motif : str
        Letters of the IUPAC code; a run of N parts a motif in two.
    strength : float
        Correlation, from 0 to 1, of binding with the logarithm of the intensity; the rest is noise.
    """

    motif_id: str
    protein: str
    species: str
    motif: str
    strength: float


_HUMAN, _FLY, _YEAST = "Homo_sapiens", "Drosophila_melanogaster", "Saccharomyces_cerevisiae"
_NAMED = (
    ("SIMFOX", _HUMAN, "UGCAUG", 0.72),
    ("SIMPUM", _HUMAN, "UGUAWAU", 0.70),
    ("SIMPUM", _FLY, "UGUAUAA", 0.65),  # a second experiment of the same protein name
    ("SIMPTB", _HUMAN, "YUCUYUY", 0.65),  # degenerate
    ("SIMSTAR", _YEAST, "ACUANNNUAAC", 0.72),  # in two parts
    ("SIMSRP", _FLY, "GARGAAG", 0.65),
)


def plan(experiments: int, seed: int) -> list[PlantedMotif]:
    """Choose the motifs: six fixed ones, then random ones of six or seven letters."""
    random = np.random.default_rng([seed, 1])
    planned = [*_NAMED[:experiments]]
    for number in range(len(planned), experiments):
        letters = random.choice(list("ACGU"), size=int(random.integers(6, 8)))
        if random.random() < 0.5:
            letters[random.integers(len(letters))] = random.choice(list("RYWSKM"))
        species = (_HUMAN, _FLY, _YEAST)[number % 3]
        strength = round(float(random.uniform(0.5, 0.75)), 2)
        planned.append((f"SIM{number + 1:03d}", species, "".join(letters), strength))
    return [PlantedMotif(f"RNCMPT{90001 + number}", *one) for number, one in enumerate(planned)]


class Affinity:
    """Affinity of every probe to motifs, with the words of each length looked up once for all motifs.

    Parameters
    ----------
    codes : uint8 array, shape (n, 41)
        Probes of A, C, G and U.
    lengths : uint8 array, shape (n,)
    """

    def __init__(self, codes: npt.NDArray[np.uint8], lengths: npt.NDArray[np.uint8]) -> None:
        self._codes = codes
        self._lengths = lengths
        self._words: dict[int, npt.NDArray[np.int32]] = {}

    def of(self, motif: str) -> npt.NDArray[np.float32]:
        """Sum the affinity over all places of a motif: 1 for a perfect site, a fifth for each wrong letter.

        Returns
        -------
        float32 array, shape (n,)
        """
        places = WIDTH - len(motif) + 1
        total = np.ones((len(self._codes), places), np.float32)
        for part in re.finditer("[^N]+", motif):
            words = self._word_numbers(len(part.group()))
            total *= np.take(_affinity_of_words(part.group()), words[:, part.start() : part.start() + places])
        affinity: npt.NDArray[np.float32] = total.sum(axis=1)
        return affinity

    def _word_numbers(self, length: int) -> npt.NDArray[np.int32]:
        """Number the word that begins at each position; a word that passes the end gets the last number."""
        if length not in self._words:
            starts = WIDTH - length + 1
            words = np.zeros((len(self._codes), starts), np.int32)
            for offset in range(length):
                words *= 4
                words += self._codes[:, offset : offset + starts]
            words[np.arange(starts) + length > self._lengths[:, None]] = 4**length
            self._words[length] = words
        return self._words[length]


def _affinity_of_words(part: str) -> npt.NDArray[np.float32]:
    """Affinity of every word as long as the part, numbered with the first letter as the highest digit."""
    affinity = np.ones(1, np.float32)
    for letter in part:
        weights = np.array([1.0 if base in IUPAC[letter] else _MISMATCH for base in "ACGU"], np.float32)
        affinity = np.outer(affinity, weights).ravel()
    return np.append(affinity, np.float32(0))
