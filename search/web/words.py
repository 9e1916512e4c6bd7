"""Figures, times and names as pages write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from search.evidence.verdict import VERDICT_WORDS
from search.study.trial_tables import Trial

NONE = "–"


def figure(value: float | None, digits: int = 3) -> str:
    """Write a correlation; a dash where there is none."""
    return NONE if value is None else f"{value:.{digits}f}"


def share(found: tuple[float, float] | None) -> str:
    """Write a range of shares, which are in per cent; a dash where there is none."""
    return NONE if found is None else f"{found[0]:.0f}–{found[1]:.0f} %"


def setting(value: object) -> str:
    """Write a hyperparameter's value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Write how long something takes, in its largest unit or two."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under 1 min"
    if minutes < 60:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    if hours < 10:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def since(text: str) -> str:
    """Write a time in ISO form as people read it, in UTC."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%d %b %H:%M UTC")
    except ValueError:
        return text


def species(name: str) -> str:
    """Write a species as the master sheet has it, without its underscores."""
    return name.replace("_", " ")


def clock(text: str) -> str:
    """Write a time in ISO form to the second, in UTC."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%d %b %H:%M:%S")
    except ValueError:
        return text


def took(trial: Trial) -> str:
    """Write how long a trial took; a dash where it has not ended."""
    if not trial.ended or not trial.started:
        return NONE
    seconds = (trial.ended - trial.started).total_seconds()
    return f"{seconds:.0f} s" if seconds < 100 else duration(seconds)


ENDS = {
    "COMPLETE": "finished",
    "PRUNED": "pruned",
    "FAIL": "failed",
    "RUNNING": "running",
    "WAITING": "waiting",
}
"""How the states of trials are said."""


def verdict(colour: str) -> str:
    """Write what the colour of a verdict says; one that is not known as it is."""
    return VERDICT_WORDS.get(colour, colour)


FILTERS: dict[str, Callable[..., str]] = {
    "figure": figure,
    "share": share,
    "setting": setting,
    "duration": duration,
    "since": since,
    "species": species,
    "clock": clock,
    "took": took,
    "verdict": verdict,
}
"""By their names in templates."""
