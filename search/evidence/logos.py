"""Sequence logos: the letters of a motif, as high as they tell something, as SVG and PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from data_io.alphabet import BASES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart in grey by their forms; of a lightness that stands out from paper as from a dark page.
COLOURS = {"A": "#2e8b57", "C": "#3b7dd8", "G": "#c77c00", "U": "#d6453d"}
INK = "#767676"  # of the axes
MOST_BITS = 2.0
STYLE: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "rbptune",
    **dict.fromkeys(("axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
}
_INCHES_A_LETTER, _HEIGHT, _DPI = 0.42, 1.7, 200


@dataclass(frozen=True)
class Logo:
    """A drawn logo.

    Attributes
    ----------
    svg : str
        An SVG document of paths alone, which needs no font; the same motif gives the same text.
    png : bytes
    """

    svg: str
    png: bytes


def draw_logo(probabilities: Sequence[Sequence[float]]) -> Logo:
    """Draw a motif; each column is as high as its information, in bits (Schneider and Stephens 1990).

    Parameters
    ----------
    probabilities : sequence of (A, C, G, U), one a position

    Raises
    ------
    ValueError
        When there is no position, or not four numbers at each.
    """
    from matplotlib import rc_context

    with rc_context(STYLE):
        figure = _figure(information(probabilities))
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", dpi=_DPI, metadata={"Software": None})
    return Logo(svg.getvalue(), png.getvalue())


def information(probabilities: Sequence[Sequence[float]]) -> np.ndarray:
    """Give the heights of the letters, in bits: (positions, 4) -> float array (positions, 4).

    Raises
    ------
    ValueError
        When there is no position, or not four numbers at each.
    """
    matrix = np.asarray(probabilities, np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(BASES) or not len(matrix):
        raise ValueError(f"a motif is (positions, 4), received {matrix.shape}")
    logarithms = np.log2(matrix, out=np.zeros_like(matrix), where=matrix > 0)
    bits = MOST_BITS + (matrix * logarithms).sum(axis=1, keepdims=True)
    heights: np.ndarray = matrix * bits
    return heights


def draw_letters(axes: Axes, heights: np.ndarray, first: int = 1) -> None:
    """Draw the letters of `information` into axes, with a scale of bits.

    Parameters
    ----------
    axes : matplotlib Axes
    heights : float array, shape (positions, 4)
    first : int
        The number of the first position. Default: 1.
    """
    import pandas as pd
    from logomaker import Logo as Letters
    from matplotlib import rcParams

    table = pd.DataFrame(heights, columns=list(BASES), index=range(first, first + len(heights)))
    Letters(table, ax=axes, color_scheme=COLOURS, show_spines=False)
    axes.set_ylim(0, MOST_BITS)
    axes.set_yticks([0, 1, 2])
    axes.set_ylabel("bits")
    axes.set_xticks(table.index)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_edgecolor(rcParams["axes.edgecolor"])  # logomaker has it black, and the line at 0
    for line in axes.lines:
        line.set_color(rcParams["axes.edgecolor"])


def _figure(heights: np.ndarray) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(0.7 + _INCHES_A_LETTER * len(heights), _HEIGHT), layout="constrained")
    draw_letters(figure.add_subplot(), heights)
    return figure
