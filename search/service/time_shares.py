"""How studies share the hours of their launch: evenly, and so that each is retrained and tested in them."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import NamedTuple

from optuna.trial import FrozenTrial, TrialState

from models.config import split_params
from search.service.retraining import choose_finalists
from search.service.study_run import StudyRun
from search.study.record import StudyRecord

LATE = "its time was up"
MARGIN = 1.1  # on the time of the finals, since several workers do not end at one moment
ALL_OF_SET_A = 1.25  # how much longer a network trains on all of Set A than on the training probes, at most
AFTER_TRAINING = 60.0  # seconds for test and evidence: one worker took 14 s for the evidence of a whole array


class Finals(NamedTuple):
    """What the end of a study will take.

    Attributes
    ----------
    seconds : float
        Of all workers together.
    longest : float
        Of the longest retraining.
    retrainings, refits : int
        Trainings on the training probes, and then on all of Set A.
    """

    seconds: float
    longest: float
    retrainings: int
    refits: int

    def duration(self, workers: int) -> float:
        """Give the seconds that they take with all workers for themselves."""
        rounds = math.ceil(self.retrainings / workers) + ALL_OF_SET_A * math.ceil(self.refits / workers)
        return MARGIN * rounds * self.longest + AFTER_TRAINING


class TimeShares:
    """Says which searches have to end, so that all studies can be finished in time.

    A study's share is what is left of the workers' time, with what the open studies have used, divided by the
    number of these. A trial begins where it fits into the share with the trials at work and the finals.

    Parameters
    ----------
    clock : callable
        Gives the seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def are_over(self, record: StudyRecord) -> bool:
        """Tell whether the hours of a study's launch are over."""
        return record.time_budget is not None and self._left(record) <= 0

    def allow_trial(
        self,
        run: StudyRun,
        runs: Collection[StudyRun],
        loading: Collection[StudyRecord],
        waiting: int,
        workers: int,
    ) -> bool:
        """Tell whether there is time for one more trial of a study.

        Parameters
        ----------
        run : StudyRun
            The first trial of a study has to finish, whatever its share is.
        runs : collection of StudyRun
            All that are under way.
        loading : collection of StudyRecord
            Those whose measurements are read: after a driver that ended they may have used much already.
        waiting : int
            Studies that are queued behind them.
        workers : int
        """
        finals = None if run.record.time_budget is None else finals_of(run.record, run.trials_running + 1)
        if finals is None:
            return True
        left = self._left(run.record)
        trials = seconds_of_trials(run.record)
        usual = statistics.mean(trials)
        searching = [each for each in runs if each.is_searching]
        records = [*(each.record for each in searching), *loading]
        used = sum(sum(seconds_of_trials(record)) for record in records)
        rest = sum(finals_left(each) for each in runs if not each.is_searching)
        share = (left * workers - rest + used) / (len(records) + waiting)
        fits = sum(trials) + usual * (run.trials_running + 1) + finals.seconds <= share
        return fits and left >= usual + finals.duration(workers)

    def _left(self, record: StudyRecord) -> float:
        now = datetime.fromtimestamp(self._clock(), UTC)
        return 0.0 if record.time_budget is None else (record.time_budget.end - now).total_seconds()


def finals_of(record: StudyRecord, more: int = 0) -> Finals | None:
    """Estimate the end of a study from the trials of its best configs; None where none has finished.

    A retraining is taken to go on through all its epochs, each as long as in the trial; any finalist may win
    or be a partner, and each of `more` trials may become one where there are not enough.
    """
    if record.best_value is None:
        return None
    trials = {trial.number: trial for trial in record.trials(TrialState.COMPLETE)}
    each = []
    for finalist in choose_finalists(record):
        _, training = split_params(record.spec.architecture, finalist.params)
        trial = trials[finalist.trial]
        each.append(training.epochs * seconds_of(trial) / max(trial.last_step or 1, 1))
    missing = min(record.strategy.finalists - len(each), more)
    each += missing * [max(each)]
    members, refits = record.strategy.members, record.strategy.refits
    refitted = min(refits // members, len(each))
    trainings = members * (sum(each) + ALL_OF_SET_A * sum(sorted(each, reverse=True)[:refitted]))
    seconds = MARGIN * trainings + AFTER_TRAINING
    return Finals(seconds, max(each), members * len(each), members * refitted)


def finals_left(run: StudyRun) -> float:
    """Estimate the worker-seconds that the end of a study still takes, once it has begun."""
    finals = finals_of(run.record)
    if finals is None:
        return 0.0
    return run.finals_left * finals.seconds


def seconds_of_trials(record: StudyRecord) -> list[float]:
    """List the worker-seconds of the trials that finished or were pruned."""
    return [seconds_of(trial) for trial in record.trials(TrialState.COMPLETE, TrialState.PRUNED)]


def seconds_of(trial: FrozenTrial) -> float:
    """Give the seconds of a trial's epochs; one of an earlier version has those from its start to its end."""
    if (known := trial.user_attrs.get("seconds")) is not None:
        return float(known)
    return 0.0 if trial.duration is None else trial.duration.total_seconds()
