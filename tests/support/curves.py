"""Curves of training runs that never were, for tests of what handles them."""

from __future__ import annotations

from collections.abc import Sequence

from models.reports import EpochReport


def report(epoch: int, spearman: float = 0.5, pearson: float | None = None, **flags: bool) -> EpochReport:
    """An epoch; its Pearson is half its Spearman where none is given."""
    return EpochReport(epoch, 1.0, 1.0, spearman, spearman / 2 if pearson is None else pearson, 0.1, **flags)


def curve(scores: Sequence[float], **flags: bool) -> tuple[EpochReport, ...]:
    """A curve with these validation Spearmans."""
    return tuple(report(epoch, score, **flags) for epoch, score in enumerate(scores, start=1))
