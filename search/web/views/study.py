"""The page of one study."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data_io.errors import StudyError
from search.results.ensemble import how_made
from search.results.evidence_files import EVIDENCE
from search.results.export import read_result
from search.results.importance import FEWEST, TOO_FEW
from search.study.states import INTERRUPTED, State
from search.study.trial_tables import Curve, Trial
from search.web.asked import Asked
from search.web.charts import best_over_time, best_trial, learning_curves, shown, thin
from search.web.evidence import PARTS, share_of_ceiling
from search.web.failures import failures
from search.web.head import time_left
from search.web.log_tail import study_events
from search.web.site import Site

UNDER_WAY = (State.SEARCHING.value, State.FINALIZING.value, INTERRUPTED)
ROWS = 30  # trials that the table shows at first


def study(site: Site, asked: Asked) -> dict[str, Any]:
    """Give all that is known of a study.

    Raises
    ------
    StudyError
        When there is none of that name.
    """
    (name,) = asked.path
    row = find(site, name)
    trials = site.trials(row["id"])
    curves = site.curves(row["id"], thin(trials))
    return {
        "study": row,
        "siblings": [
            other["study"]
            for other in site.board.current()
            if other["experiment"] == row["experiment"] and other["study"] != name
        ],
        "left": time_left(row, {}) if row["state"] == State.SEARCHING.value else "",
        "retrained": site.board.retrained(name),
        "curves": shown(learning_curves(trials, curves)),
        "progress": shown(best_over_time(trials)),
        "running": _running(site, name, trials, curves),
        "too_few": TOO_FEW if _finished(trials) < FEWEST else "",
        "table": {
            **table(trials, asked.first("sort", "-value"), bool(asked.first("all"))),
            "won": row["best_trial"],
        },
        "events": study_events(site.workspace.log, name),
        "failures": failures(site.workspace.errors, name),
        **finished(site, row),
    }


def importance(site: Site, asked: Asked) -> dict[str, Any]:
    """Give the share of each hyperparameter, highest first.

    Raises
    ------
    StudyError
        When there is none of that name.
    """
    row = find(site, asked.path[0])
    shares = site.importances.of(row["id"], _finished(site.trials(row["id"])))
    return {"shares": [*shares.items()]}


def stamp(site: Site, asked: Asked) -> tuple[object, ...]:
    """Give what the page of a study depends on, but for its content.

    Raises
    ------
    StudyError
        When there is none of that name.
    """
    row = find(site, asked.path[0])
    trials = site.trials(row["id"])
    files = [site.workspace.errors, site.workspace.artifacts(row["study"]) / EVIDENCE]
    if row["state"] in UNDER_WAY:
        files.append(site.workspace.log)
    return (
        {key: value for key, value in row.items() if key != "progress"},
        Counter(trial.state for trial in trials),
        sum(trial.epoch or 0 for trial in trials),
        len(site.board.current()),
        site.board.driver,
        [file.stat().st_mtime_ns if file.is_file() else 0 for file in files],
    )


def by_number(site: Site, number: str) -> str:
    """Give the name of the study that has a number in the database.

    Raises
    ------
    StudyError
        When there is none.
    """
    for row in site.board.current():
        if str(row["id"]) == number:
            return str(row["study"])
    raise StudyError(f"no study {number[:20]} in this workspace")


def find(site: Site, name: str) -> dict[str, Any]:
    """Give a study's row by its whole name.

    Raises
    ------
    StudyError
        When there is none.
    """
    for row in site.board.current():
        if row["study"] == name:
            return row
    raise StudyError(f"no study {name[:200]} in this workspace")


def finished(site: Site, row: dict[str, Any]) -> dict[str, Any]:
    """Give what a study left at its end."""
    name, files = row["study"], site.board.evidence
    evidence = files.of(name) if row["state"] == State.DONE.value else {}
    motifs = [
        {**motif, "picture": f"motif_{place}.svg" if files.file(name, f"motif_{place}.svg") else ""}
        for place, motif in enumerate(evidence.get("motifs") or (), 1)
    ]
    return {
        "evidence": evidence or dict.fromkeys(PARTS),
        "judged": bool(evidence),
        "motifs": motifs,
        "share": share_of_ceiling(evidence, row["test_spearman"]),
        "made": _how_made(site, row),
        "export": files.file(name, "model/config.json") is not None,
    }


def _how_made(site: Site, row: dict[str, Any]) -> str:
    """Say what the model was made of; empty where that is not known."""
    try:
        return how_made(read_result(site.workspace.artifacts(row["study"])))
    except StudyError:
        return ""


def table(trials: Sequence[Trial], sort: str, everything: bool) -> dict[str, Any]:
    """Lay the trials out as a table, sorted; hyperparameters that never differ stand beside it."""
    drawn = [params for trial in trials if (params := trial.params)]
    names = list(dict.fromkeys(name for params in drawn for name in params))
    varied = [name for name in names if any(each.get(name) != drawn[0].get(name) for each in drawn)]
    key = _sort_key(sort.removeprefix("-"), varied)
    there = [trial for trial in trials if key(trial) is not None]
    there.sort(key=lambda trial: _comparable(key(trial)), reverse=sort.startswith("-"))
    ordered = [*there, *(trial for trial in trials if key(trial) is None)]
    best = best_trial(trials)
    return {
        "trials": ordered if everything else ordered[:ROWS],
        "total": len(trials),
        "best": best.number if best else None,
        "varied": varied,
        "same": {name: str(drawn[0][name]) for name in names if name not in varied},
        "sort": sort,
    }


def _finished(trials: Sequence[Trial]) -> int:
    return sum(trial.state == "COMPLETE" for trial in trials)


def _seconds(trial: Trial) -> float | None:
    return (trial.ended - trial.started).total_seconds() if trial.ended and trial.started else None


def _sort_key(name: str, varied: Sequence[str]) -> Callable[[Trial], Any]:
    keys: dict[str, Callable[[Trial], Any]] = {
        "value": lambda trial: trial.value,
        "state": lambda trial: trial.state,
        "epochs": lambda trial: trial.epoch,
        "pearson": lambda trial: trial.pearson,
        "took": _seconds,
    }
    if name in varied:
        return lambda trial: trial.params.get(name)
    return keys.get(name, lambda trial: trial.number)


def _comparable(value: Any) -> tuple[bool, Any]:
    number = isinstance(value, int | float)
    return not number, value if number else str(value)


def _running(
    site: Site, name: str, trials: Sequence[Trial], curves: Mapping[int, Curve]
) -> list[dict[str, Any]]:
    if site.board.driver is None:
        return []
    return [
        {
            "number": trial.number,
            "worker": site.board.worker(name, trial.number),
            "epoch": trial.epoch or 0,
            "value": curves[trial.number][-1][1] if trial.number in curves else None,
            "started": trial.started,
        }
        for trial in trials
        if trial.state == "RUNNING"
    ]
