"""The charts of a study: learning curves, and the best value against time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from search.study.trial_tables import Curve, Trial
from search.web.shapes import Scale, line, steps, ticks

WIDTH, HEIGHT = 760, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 748, 10, 274
CURVES = 200  # more lie on one another, and take a browser long
LOWEST = -0.1  # what is worse is drawn at the edge


@dataclass(frozen=True)
class Tick:
    """A mark of an axis: its pixel and its text."""

    at: int
    text: str


@dataclass(frozen=True)
class Chart:
    """Paths within axes.

    Attributes
    ----------
    across, up : str
        What the axes show.
    columns, rows : list of Tick
    paths : dict of str to str
        SVG paths by their class, drawn in this order.
    ends : list of (int, int)
        Points that are marked.
    note : str
        What the chart leaves out.
    """

    across: str
    up: str
    columns: list[Tick]
    rows: list[Tick]
    paths: dict[str, str]
    ends: list[tuple[int, int]]
    note: str = ""


def learning_curves(trials: Sequence[Trial], curves: Mapping[int, Curve]) -> Chart | None:
    """Draw the validation Spearman by epoch of the trials whose curves are given; None where none is."""
    drawn = [trial for trial in trials if trial.number in curves]
    if not drawn:
        return None
    values = [value for curve in curves.values() for _, value in curve]
    up = _up(min(values), max(values))
    longest = max(curve[-1][0] for curve in curves.values())
    across = Scale(min(1, longest - 1), longest, LEFT, RIGHT)
    places = {epoch: across(epoch) for epoch in {epoch for curve in curves.values() for epoch, _ in curve}}
    best = best_trial(drawn)
    found: dict[str, list[str]] = {"pruned": [], "finished": [], "failed": [], "running": [], "best": []}
    ends = []
    for trial in drawn:
        points = [(places[epoch], up(value)) for epoch, value in curves[trial.number]]
        if trial.state == "RUNNING":
            ends.append(points[-1])
        found["best" if trial is best else _KINDS.get(trial.state, "running")].append(_path(points))
    paths = {kind: "".join(parts) for kind, parts in found.items() if parts}
    whole = [epoch for epoch in ticks(across.low, longest, 10) if epoch == int(epoch)]
    columns = [Tick(across(epoch), str(int(epoch))) for epoch in whole]
    return Chart(
        "Epoch", "Validation Spearman", columns, _rows(up), paths, ends, _left_out(len(drawn), trials)
    )


def thin(trials: Sequence[Trial], most: int = CURVES) -> Sequence[Trial]:
    """Choose the trials whose curves are drawn: the best, the running ones, of the others by value each nth.

    Parameters
    ----------
    trials : sequence of Trial
        Of which those are chosen from that have an epoch.
    most : int
        How many of the others at most.
    """
    begun = [trial for trial in trials if trial.epoch]
    best = best_trial(begun)
    others = [trial for trial in begun if trial is not best and trial.state != "RUNNING"]
    if len(others) <= most:
        return begun
    others.sort(key=lambda trial: float("-inf") if trial.value is None else trial.value)
    chosen = {others[place * (len(others) - 1) // (most - 1)].number for place in range(most)}
    return [trial for trial in begun if trial is best or trial.state == "RUNNING" or trial.number in chosen]


def _left_out(drawn: int, trials: Sequence[Trial]) -> str:
    begun = sum(bool(trial.epoch) for trial in trials)
    if drawn == begun:
        return ""
    count = f"{drawn} of {begun:,}"
    return (
        f"Drawn are {count} curves: the best, the running ones, and a choice from the lowest to the highest."
    )


_KINDS = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


def best_over_time(trials: Sequence[Trial]) -> Chart | None:
    """Draw the value of each finished trial and the best so far, by hours since the first began."""
    begun = [trial.started for trial in trials if trial.started]
    finished = [
        trial for trial in trials if trial.state == "COMPLETE" and trial.value is not None and trial.ended
    ]
    if not finished or not begun:
        return None
    start = min(begun)
    timed = sorted(((trial.ended or start) - start, trial.value or 0.0) for trial in finished)
    unit, name = _unit(timed[-1][0])
    across = Scale(0, timed[-1][0] / unit, LEFT, RIGHT)
    up = _up(min(value for _, value in timed), max(value for _, value in timed))
    points = [(across(at / unit), up(value)) for at, value in timed]
    best: list[tuple[int, int]] = []
    for x, y in points:
        if not best or y < best[-1][1]:
            best.append((x, y))
    dots = "".join(f"M{x} {y}h0" for x, y in dict.fromkeys(points))
    columns = [Tick(across(at), f"{at:g}") for at in ticks(0, across.high, 8)]
    paths = {"dots": dots, "best": steps(best, points[-1][0])}
    return Chart(f"{name} since the first trial began", "Validation Spearman", columns, _rows(up), paths, [])


def curves_of(studies: Sequence[tuple[str, Sequence[Trial]]]) -> Chart | None:
    """Draw the best value so far of several studies, by trials."""
    found = {name: _best_values(trials) for name, trials in studies}
    values = [value for best in found.values() for _, value in best]
    if not values:
        return None
    longest = max(len(trials) for _, trials in studies)
    across, up = Scale(0, max(longest, 2) - 1, LEFT, RIGHT), _up(min(values), max(values))
    paths = {
        f"study-{place}": steps(
            [(across(at), up(value)) for at, value in found[name]], across(len(trials) - 1)
        )
        for place, (name, trials) in enumerate(studies)
        if found[name]
    }
    columns = [Tick(across(at), f"{at:g}") for at in ticks(0, across.high, 8) if at == int(at)]
    return Chart("Trial", "Best validation Spearman so far", columns, _rows(up), paths, [])


def best_trial(trials: Sequence[Trial]) -> Trial | None:
    """Give the finished trial with the highest value; None where none finished."""
    finished = [trial for trial in trials if trial.state == "COMPLETE" and trial.value is not None]
    return max(finished, key=lambda trial: trial.value or 0.0, default=None)


def _best_values(trials: Sequence[Trial]) -> list[tuple[int, float]]:
    best: list[tuple[int, float]] = []
    for trial in trials:
        if trial.state == "COMPLETE" and trial.value is not None and (not best or trial.value > best[-1][1]):
            best.append((trial.number, trial.value))
    return best


def _path(points: list[tuple[int, int]]) -> str:
    return line(points) if len(points) > 1 else f"M{points[0][0]} {points[0][1]}h0"


def _up(low: float, high: float) -> Scale:
    low = max(low, LOWEST)
    margin = 0.05 * (high - low) or 0.05
    return Scale(low - margin, high + margin, BOTTOM, TOP)


def _rows(up: Scale) -> list[Tick]:
    return [Tick(up(value), f"{value:.2f}") for value in ticks(up.low, up.high)]


def _unit(longest: timedelta) -> tuple[timedelta, str]:
    if longest > timedelta(days=3):
        return timedelta(days=1), "Days"
    return (
        (timedelta(hours=1), "Hours") if longest > timedelta(hours=2) else (timedelta(minutes=1), "Minutes")
    )


def shown(chart: Chart | None) -> dict[str, Any] | None:
    """Give a chart as its template takes it."""
    if chart is None:
        return None
    frame = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    return {**vars(chart), **frame}
