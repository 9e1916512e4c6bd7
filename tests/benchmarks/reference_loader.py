"""The loader to beat, as published notebooks have it: everything is read again for each split.

For each of train, val and test: read the master sheet, read the whole matrix, look up the protein's column,
choose the rows, encode sequence after sequence one-hot, and transform the intensities.
"""

from pathlib import Path

import numpy as np
import pandas as pd

LETTERS = {"A": 0, "C": 1, "G": 2, "U": 3, "T": 3}
WIDTH = 41


def load_reference(folder: Path, protein: str, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give one-hot sequences (n, 41, 4), targets (n,) and the mask of what was measured (n,)."""
    sheet = pd.read_excel(folder / "metadata.xlsx", sheet_name="Master List--Plasmid Info")
    experiment = sheet.loc[sheet["Protein_name"] == protein, "Motif_ID"].iloc[0]
    matrix = pd.read_csv(next(folder.glob("norm_data.txt*")), sep="\t")
    matrix.columns = [name.strip() for name in matrix.columns]
    set_a = matrix[matrix["Probe_Set"] == "SetA"]
    rows = np.arange(len(set_a))
    np.random.RandomState(42).shuffle(rows)
    held_out = int(0.2 * len(rows))
    train = set_a.iloc[rows[held_out:]]
    chosen = {
        "train": train,
        "val": set_a.iloc[rows[:held_out]],
        "test": matrix[matrix["Probe_Set"] == "SetB"],
    }
    scale = _fit(train[experiment].to_numpy(float))
    table = chosen[split]
    x = np.stack([_one_hot(sequence) for sequence in table["RNA_Seq"]])
    intensity = table[experiment].to_numpy(float)
    mask = ~np.isnan(intensity)
    y = np.nan_to_num(scale(intensity)).astype(np.float32)
    return x, y, mask


def _one_hot(sequence: str) -> np.ndarray:
    encoded = np.zeros((WIDTH, 4), np.float32)
    for position, letter in enumerate(sequence[:WIDTH]):
        if letter in LETTERS:
            encoded[position, LETTERS[letter]] = 1.0
        else:
            encoded[position] = 0.25
    return encoded


def _fit(train):
    clip = np.nanpercentile(train, 99.95)
    lowest = np.nanmin(train)
    shift = abs(lowest) + 1 if lowest <= 0 else 0.0

    def logarithm(values):
        return np.log(np.minimum(values, clip) + shift + 1e-6)

    mean, std = np.nanmean(logarithm(train)), np.nanstd(logarithm(train))
    return lambda values: (logarithm(values) - mean) / std
