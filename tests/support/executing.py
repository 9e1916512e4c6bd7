"""Take events from an executor until enough has happened."""

from __future__ import annotations

from search.workers.events import ENDS, Event, PoolEvent
from search.workers.executor import Executor
from search.workers.tasks import Task
from tests.support.clusters import wait_for

FOREVER = 10**6  # epochs


def run_until(
    executor: Executor, kinds: type | tuple[type, ...], number: int = 1, pool: list[PoolEvent] | None = None
) -> list[Event]:
    """Take events until `number` of the given kinds have come; those of the workers go to `pool`."""
    reported: list[Event] = []

    def enough() -> bool:
        for event in executor.events(0.1):
            if isinstance(event, Event):
                reported.append(event)
            elif pool is not None:
                pool.append(event)
        return sum(isinstance(event, kinds) for event in reported) >= number

    wait_for(enough, f"{number} of {kinds}")
    return reported


def ends(executor: Executor, *tasks: Task, pool: list[PoolEvent] | None = None) -> dict[str, Event]:
    """Run tasks, and give the event that each ends with."""
    for task in tasks:
        executor.submit(task)
    return {e.key: e for e in run_until(executor, ENDS, len(tasks), pool) if isinstance(e, ENDS)}
