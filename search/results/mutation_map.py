"""A picture of the effects of all single substitutions of a sequence: a logo above a heat map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import pandas as pd

from data_io.alphabet import BASES
from data_io.errors import ConfigError
from data_io.outputs import check_output, is_descriptor
from search.evidence.logos import COLOURS, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".svg", ".png")
_DOT = "#404040"
_INCHES_A_LETTER, _LEAST_INCHES, _HEIGHT, _DPI = 0.2, 5.0, 3.2, 200


def check_picture(picture: Path, table: Path, inputs: Sequence[Path]) -> None:
    """Refuse a name that no picture can be written to.

    Raises
    ------
    ConfigError
        When it ends otherwise, or is that of the table.
    StorageError
        As `data_io.outputs.check_output`.
    """
    if picture.suffix.lower() not in ENDINGS or is_descriptor(picture):
        raise ConfigError(f"--picture {picture}: end the name in {' or '.join(ENDINGS)}")
    if picture.resolve() == table.resolve():
        raise ConfigError(f"{picture}: is the table of effects, too; give another name")
    check_output(picture, inputs)


def draw_mutations(effects: pd.DataFrame, title: str, file: IO[bytes], ending: str) -> None:
    """Draw the effects of substitutions.

    Above, each letter of the sequence is as high as the score falls on average when it is replaced, below
    the line where it rises. Below, each square is a substitution, red where the score rises and blue where it
    falls; a dot marks the letter that stands there.

    Parameters
    ----------
    effects : DataFrame, shape (length, 4)
        As `search.results.mutations.saturate` gives them.
    title : str
    file : binary file
    ending : str
        One of `ENDINGS`.
    """
    from matplotlib import rc_context

    with rc_context(STYLE):
        metadata = {"Software": None} if ending.lower() == ".png" else {"Creator": None, "Date": None}
        _figure(effects, title).savefig(file, format=ending.lower()[1:], dpi=_DPI, metadata=metadata)


def _figure(effects: pd.DataFrame, title: str) -> Figure:
    from matplotlib.figure import Figure

    width = max(_LEAST_INCHES, 1.6 + _INCHES_A_LETTER * len(effects))
    figure = Figure(figsize=(width, _HEIGHT), layout="constrained")
    above, below = figure.subplots(2, sharex=True, height_ratios=[1.2, 1])
    _draw_letters(above, effects)
    above.set_title(title, fontsize="medium", loc="left")
    _draw_squares(figure, below, effects)
    return figure


def _draw_letters(axes: Axes, effects: pd.DataFrame) -> None:
    from logomaker import Logo

    letters = effects.index.get_level_values("letter").to_numpy()[:, None] == np.array(list(BASES))
    heights = letters * -(effects.to_numpy().sum(axis=1, keepdims=True) / 3)
    table = pd.DataFrame(heights, columns=list(BASES), index=range(1, len(effects) + 1))
    Logo(table, ax=axes, color_scheme=COLOURS, show_spines=False, flip_below=False)
    axes.set_xlim(0.5, len(effects) + 0.5)
    axes.set_ylabel("mean loss")
    axes.spines["left"].set_visible(True)


def _draw_squares(figure: Figure, axes: Axes, effects: pd.DataFrame) -> None:
    values = effects.to_numpy().T
    most = float(np.abs(values).max()) or 1.0
    edges = 0.5, len(effects) + 0.5, len(BASES) - 0.5, -0.5
    image = axes.imshow(
        values, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto", extent=edges, interpolation="nearest"
    )
    there = [BASES.find(letter) for letter in effects.index.get_level_values("letter")]
    known = [(place, row) for place, row in enumerate(there, 1) if row >= 0]
    places, rows = [place for place, _ in known], [row for _, row in known]
    axes.scatter(places, rows, marker=".", s=9, color=_DOT, linewidths=0)
    axes.set_yticks(range(len(BASES)), list(BASES))
    axes.set_xlabel("position")
    axes.set_ylabel("replaced by")
    figure.colorbar(image, ax=axes, label="change of score", pad=0.01)
