"""What a launch does where nothing else is asked for."""

from __future__ import annotations

from enum import StrEnum


class Split(StrEnum):
    """How Set A is split; see ``launch --help``."""

    grouped = "grouped"
    seeded_shuffle = "seeded-shuffle"


TRIALS = 30
SEED = 0
ARCHITECTURE = "cnn"
SPLIT = Split.grouped
