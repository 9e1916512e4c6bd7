"""The pictures of the report card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from data_io.predictions import Predictions
from search.evidence.logos import draw_letters, information
from search.evidence.motif_records import Known, Motif, WordMotif
from search.evidence.pwm import from_iupac
from search.results.history import Ended
from search.results.report.drawing import ACCENT, INK, MUTED, SECOND, STYLE, WIDTH, inline_svg

SHOWN = 5  # best trials that are drawn with their name
_LINES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (7, 2, 1, 2, 1, 2)))
# From blue to yellow, each step lighter: the order stays in grey, and both ends stand out from either theme.
_DENSITY = "viridis"
_SPAN = (0.18, 1.0)


def draw_density(predictions: Predictions) -> Markup:
    """Draw measured against predicted, in cells that are the lighter the more probes they hold."""
    from matplotlib import colormaps

    measured = ~np.isnan(predictions.measured)
    x, y = predictions.measured[measured], predictions.predicted[measured]
    steps = colormaps[_DENSITY](np.linspace(*_SPAN, 256))
    colours = LinearSegmentedColormap.from_list("density", [tuple(step) for step in steps])
    with rc_context(STYLE):
        figure, axes = _axes(WIDTH, 4.0, "measured", "predicted")
        cells = axes.hexbin(x, y, gridsize=45, bins="log", mincnt=1, cmap=colours, linewidths=0.1)
        cells.set_rasterized(True)
        bar: Any = figure.colorbar(cells, ax=axes, label="probes in a cell", pad=0.02, fraction=0.05)
        bar.outline.set_visible(False)
        bar.solids.set_rasterized(True)
        low, high = (function([*axes.get_xlim(), *axes.get_ylim()]) for function in (min, max))
        axes.axline((0, 0), slope=1, color=MUTED, linewidth=0.8, linestyle="--")
        axes.set_xlim(max(low, x.min() - 0.2), min(high, x.max() + 0.2))
        axes.set_ylim(y.min() - 0.2, y.max() + 0.2)
        return inline_svg(figure, "density", f"Measured against predicted of {len(x):,} probes of the test")


def draw_trials(trials: Sequence[Ended], winner: int) -> Markup:
    """Draw the learning curves of the search: the best trials by name, the winner, what was pruned."""
    finished = [trial for trial in trials if trial.end == "finished" and trial.curve]
    best = sorted(finished, key=lambda trial: -(trial.value or 0.0))[:SHOWN]
    with rc_context(STYLE):
        figure, axes = _axes(WIDTH, 3.3, "epoch", "validation Spearman")
        pruned = [trial for trial in trials if trial.end == "pruned" and trial.curve]
        for number, trial in enumerate(pruned):
            label = f"pruned ({len(pruned)})" if not number else None
            _draw(axes, trial.curve, color=MUTED, linewidth=0.7, alpha=0.7)
            end = trial.curve[-1]
            axes.plot(*end, "x", color=SECOND, markersize=5, label=label, linestyle="none")
        for trial in finished:
            if trial not in best and trial.number != winner:
                _draw(axes, trial.curve, color=MUTED, linewidth=0.7, alpha=0.7)
        for number, trial in enumerate(each for each in best if each.number != winner):
            style = _LINES[1 + number % 4]
            _draw(axes, trial.curve, color=INK, linewidth=1, linestyle=style, label=f"trial {trial.number}")
        for trial in (each for each in finished if each.number == winner):
            _draw(axes, trial.curve, color=ACCENT, linewidth=2.4, label=f"trial {winner}, the winner")
        axes.legend(loc="lower right")
        return inline_svg(figure, "trials", f"Learning curves of {len(trials)} trials")


def draw_members(curves: Sequence[Sequence[tuple[int, float]]]) -> Markup:
    """Draw the learning curves of the members; a dot is the epoch whose weights were kept."""
    with rc_context(STYLE):
        figure, axes = _axes(WIDTH, 3.3, "epoch", "validation Spearman")
        for number, curve in enumerate(curves):
            style, name = _LINES[number % len(_LINES)], f"member {number + 1}"
            _draw(axes, curve, color=(ACCENT, SECOND, INK)[number % 3], linestyle=style, label=name)
            axes.plot(*max(curve, key=lambda point: point[1]), "o", color=INK, markersize=4)
        axes.legend(loc="lower right")
        return inline_svg(figure, "members", f"Learning curves of {len(curves)} members")


def draw_importance(shares: Mapping[str, float]) -> Markup:
    """Draw the share of each hyperparameter, highest above, with its figure beside it."""
    names, values = list(shares)[::-1], list(shares.values())[::-1]
    with rc_context(STYLE):
        figure, axes = _axes(WIDTH, 0.6 + 0.2 * len(names), "share", "")
        bars = axes.barh([name.replace("_", " ") for name in names], values, color=ACCENT, height=0.65)
        axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, color=INK, fontsize=8)
        axes.set_xlim(0, max(values) * 1.15 or 1)
        return inline_svg(figure, "importance", "Share of each hyperparameter in what made trials good")


def draw_motif(motif: Motif | WordMotif, known: Known | None, name: str) -> Markup:
    """Draw a motif; with the published one, both in their alignment, one above the other."""
    rows: list[tuple[str, Any, int]] = [("the model's", motif.probabilities, 1)]
    if known is not None:
        rows.append(("published", from_iupac(known.iupac), 1 + known.offset))
    first = min(start for _, _, start in rows)
    last = max(start + len(matrix) for _, matrix, start in rows)
    width = min(WIDTH, 0.9 + 0.36 * (last - first))
    with rc_context(STYLE):
        figure = Figure(figsize=(max(width, 2.4), 1.25 * len(rows)), layout="constrained")
        for axes, (title, matrix, start) in zip(
            np.atleast_1d(figure.subplots(len(rows), sharex=True)), rows, strict=True
        ):
            draw_letters(axes, information(matrix), start)
            axes.set_xlim(first - 0.6, last - 0.4)
            axes.set_xticks([])
            if known is not None:
                axes.set_ylabel(f"{title}\nbits")
        beside = f", above the published {known.iupac}" if known else ""
        return inline_svg(figure, name, f"Logo of {motif.iupac}{beside}")


def _axes(width: float, height: float, x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot(xlabel=x, ylabel=y)
    axes.xaxis.set_major_locator(MaxNLocator(integer=x == "epoch", nbins=7))
    return figure, axes


def _draw(axes: Axes, curve: Sequence[tuple[int, float]], **style: Any) -> None:
    marker = "" if len(curve) > 1 else "."
    axes.plot([epoch for epoch, _ in curve], [value for _, value in curve], marker=marker, **style)
