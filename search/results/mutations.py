"""The effect of every single substitution of a sequence: as numbers, as a table, as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data_io.alphabet import BASES, decode, encode_long
from data_io.errors import ConfigError, DataError
from data_io.outputs import STANDARD_OUTPUT, check_output, open_output, open_text_output
from data_io.sequence_blocks import whole_sequences
from data_io.sequences import open_sequences
from models.substitutions import Effects, Substitution, effects_of, every_substitution
from models.weights import LoadedModel, load_model
from models.windows import Map
from search.results.model_folder import files_of
from search.results.mutation_map import check_picture, draw_mutations
from search.results.predicting import threads_of, warn_of
from search.results.prediction_table import separator_of
from search.results.variants import write_effects

MOST_LETTERS, MOST_DRAWN = 20_000, 300


@dataclass(frozen=True)
class Mutated:
    """A sequence and the effects of all its single substitutions, in the order of `every_substitution`."""

    name: str
    codes: NDArray[np.uint8]
    places: list[int]
    changes: list[Substitution]

    @property
    def rows(self) -> Iterator[tuple[str, int, str, str]]:
        """Name, position, reference and alternative of each."""
        [text] = decode(self.codes[None])
        for place, change in zip(self.places, self.changes, strict=True):
            yield self.name, place + 1, text[place], BASES[int(change.alternative[0])]

    def table(self, effects: Effects) -> pd.DataFrame:
        """The effects (length, 4); 0 for the letter that stands there."""
        [text] = decode(self.codes[None])
        values = np.zeros((len(text), len(BASES)), np.float32)
        values[self.places, [int(change.alternative[0]) for change in self.changes]] = effects.effect
        names = ["position", "letter"]
        index = pd.MultiIndex.from_arrays([range(1, len(text) + 1), list(text)], names=names)
        return pd.DataFrame(values, index, list(BASES))


def saturate(model: LoadedModel, sequence: str) -> pd.DataFrame:
    """Measure what every single substitution does to the score of a sequence.

    Parameters
    ----------
    model : LoadedModel
    sequence : str
        Of any length. The score of a position is that of the best of all windows of 41 that hold it, before
        and after the substitution.

    Returns
    -------
    DataFrame, shape (length, 4)
        The change of the score, in standard deviations of the log intensity; 0 for the letter that stands
        there. Columns are A, C, G and U, rows position (from 1) and letter.

    Raises
    ------
    DataError
        When the sequence is empty or holds another letter than A, C, G, U, T and N.
    """
    codes, _ = encode_long([sequence])
    mutated = _mutated("sequence", codes)
    return mutated.table(effects_of(model.members, mutated.changes))


def mutate(
    export: Path,
    given: str,
    out: Path = STANDARD_OUTPUT,
    picture: Path | None = None,
    jobs: int = 1,
) -> None:
    """Write the effects of all single substitutions as a table, and draw them.

    Parameters
    ----------
    export : Path
        A folder of `search.results.export.export_study`.
    given : str
        A sequence, or the name of a file of sequences ("-" is standard input).
    out : Path
        The table; as in `search.results.variants.score_variants`.
    picture : Path, optional
        A .svg or .png to draw (`search.results.mutation_map`), of one sequence of up to 300 letters.
    jobs : int
        Threads that predict. Default: 1.

    Raises
    ------
    ConfigError
        When the picture's ending is another, or the sequences are too many or too long.
    DataError, ModelError, StorageError
        As in `search.results.predicting.predict_file`.
    """
    separator = separator_of(out)
    path = None if _is_sequence(given) else Path(given)
    inputs = [*files_of(export), *([path] if path else [])]
    check_output(out, inputs)
    if picture is not None:
        check_picture(picture, out, inputs)
    sequences = [("sequence", encode_long([given])[0])] if path is None else _read(path)
    if picture is not None:
        _check_drawable(sequences)
    model = load_model(export)
    with open_text_output(out) as stream, threads_of(jobs) as threads:
        run: Map = threads.map if threads else map
        for number, (name, codes) in enumerate(sequences):
            mutated = _mutated(name, codes)
            effects = effects_of(model.members, mutated.changes, run)
            write_effects(model, mutated.rows, effects, stream, separator, header=not number)
        if picture is not None:
            score = float(model.predict(decode(codes[None]))[0])
            with open_output(picture) as file:
                draw_mutations(mutated.table(effects), f"{name}, score {score:.2f}", file, picture.suffix)


def _is_sequence(given: str) -> bool:
    """Whether an argument is a sequence itself; a file of such a name comes first."""
    if not given or not set(given.upper()) <= set("ACGUTN"):
        return False
    try:
        return not Path(given).exists()
    except OSError:  # too long for the name of a file
        return True


def _mutated(name: str, codes: NDArray[np.uint8]) -> Mutated:
    places, changes = zip(*every_substitution(codes), strict=True)
    return Mutated(name, codes, list(places), list(changes))


def _read(path: Path) -> list[tuple[str, NDArray[np.uint8]]]:
    """Read all sequences of a file, if they are not too many."""
    with open_sequences(path) as file:
        contents = file.check()
        warn_of(file.name, contents)
        if contents.letters > MOST_LETTERS:
            raise DataError(
                f"{file.name}: has {contents.letters:,} letters, at most {MOST_LETTERS:,} are mutated; cut "
                "out what matters, or choose substitutions for rbptune variants"
            )
        with closing(file.blocks()) as blocks:
            return list(whole_sequences(blocks))


def _check_drawable(sequences: list[tuple[str, NDArray[np.uint8]]]) -> None:
    if len(sequences) > 1:
        raise ConfigError(f"--picture: shows one sequence, {len(sequences)} were given; give a file with one")
    if len(sequences[0][1]) > MOST_DRAWN:
        length = f"{len(sequences[0][1]):,} were given"
        raise ConfigError(f"--picture: shows up to {MOST_DRAWN} letters, {length}; cut out what matters")
