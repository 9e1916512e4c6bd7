"""Curves as paths of SVG, in whole pixels so that they are short."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """From values to pixels.

    Attributes
    ----------
    low, high : float
        Values at the two ends.
    start, end : float
        Their pixels; for heights the lower value has the larger one.
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> int:
        """Give the pixel of a value; values beyond the ends stand at them."""
        if value <= self.low:
            return round(self.start)
        share = (value - self.low) / (self.high - self.low) if value < self.high else 1.0
        return round(self.start + share * (self.end - self.start))


def line(points: Iterable[tuple[int, int]]) -> str:
    """Join points."""
    xs = [f"{x} {y}" for x, y in points]
    return "M" + "L".join(xs) if xs else ""


def steps(points: Sequence[tuple[int, int]], end: int) -> str:
    """Draw a value that holds until the next point; `end` is the last pixel to the right."""
    if not points:
        return ""
    path = [f"M{points[0][0]} {points[0][1]}"]
    at = points[0]
    for x, y in points[1:]:
        if x != at[0]:
            path.append(f"H{x}")
        if y != at[1]:
            path.append(f"V{y}")
        at = (x, y)
    return "".join([*path, f"H{max(end, at[0])}"])


def spark(best: Sequence[tuple[int, float]], done: int, budget: int, width: int, height: int) -> str:
    """Draw the best value so far, the budget being the whole width."""
    if not best:
        return ""
    across = Scale(0, max(budget, done, 1), 1, width - 1)
    up = Scale(best[0][1], best[-1][1], height - 1, 1)
    if len(best) == 1:
        up = Scale(best[0][1] - 1, best[0][1], height - 1, 1)
    return steps([(across(trial), up(value)) for trial, value in best], across(done))


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Choose round values between two ends."""
    span = high - low
    if span <= 0:
        return [low]
    size = next(
        step * 10.0**power
        for power in range(-6, 9)
        for step in (1, 2, 5)
        if span / (step * 10.0**power) <= most
    )
    first = -(-low // size)
    return [round((first + n) * size, 6) for n in range(most + 1) if (first + n) * size <= high + 1e-9]
