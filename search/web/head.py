"""What stands above the overview: how the studies are, how fast they go, and what the workers do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from search.study.states import State
from search.study.watch import Watch, trials_left
from search.web.log_tail import LogTail
from search.web.words import duration

Studies = Sequence[dict[str, Any]]


def head_facts(studies: Studies, watch: Watch, log: LogTail) -> dict[str, Any]:
    """Count the studies by state, and say how long the rest of the trials takes and who is at work."""
    pace, left = watch.trials_an_hour(), trials_left(studies)
    return {
        "counts": Counter(study["state"] for study in studies),
        "total": len(studies),
        "pace": round(pace),
        "trials_left": left,
        "left": duration(3600 * left / pace) if pace and left else "",
        "running": running_trials(studies, watch, log),
        "retraining": retraining(studies, log),
    }


def time_left(study: Mapping[str, Any], retrained: Mapping[str, tuple[int, int]]) -> str:
    """Say how long the trials of a study still take, or how far its retraining is; empty for all others."""
    if study["state"] == State.FINALIZING.value:
        done, total = retrained.get(study["study"], (0, 0))
        return f"retrained {done}/{total}" if total else "retraining"
    seconds = study["progress"].seconds_left(study["trials_total"] or 0)
    return duration(seconds) if study["state"] == State.SEARCHING.value and seconds is not None else ""


def running_trials(studies: Studies, watch: Watch, log: LogTail) -> list[dict[str, Any]]:
    """List the trials that run, each with its worker and its last epoch."""
    running = [
        (study["study"], trial)
        for study in studies
        for trial in study["progress"].running.values()
        if trial.state == "RUNNING"
    ]
    epochs = watch.epochs([trial.trial for _, trial in running])
    return [
        {
            "study": study,
            "trial": trial.number,
            "epoch": epochs.get(trial.trial, 0),
            "worker": log.worker(study, trial.number),
        }
        for study, trial in running
    ]


def retraining(studies: Studies, log: LogTail) -> list[dict[str, Any]]:
    """List the studies whose best configs are retrained and tested."""
    return [
        {"study": study["study"], "progress": time_left(study, log.retrained)}
        for study in studies
        if study["state"] == State.FINALIZING.value
    ]
