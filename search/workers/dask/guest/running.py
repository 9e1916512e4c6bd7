"""Run a task in a child process, and send its events to the driver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distributed import get_worker
from distributed.protocol.pickle import dumps, loads

from .children import END, Child, give_back, take_child
from .fetching import fetch
from .outbox import AbandonedError, Outbox

__all__ = ["run_in_child", "take_child"]
LOOK_SECONDS = 0.1  # between two looks whether the run is still wanted


def run_in_child(parcel: dict[str, Any], child: Child) -> None:
    """Run the task of a parcel, and give the child back for the next.

    Raises
    ------
    RuntimeError
        When the run came to no end of its own; plain, so that a driver without this package can read it.
    """
    outbox = Outbox(parcel["outbox"], parcel["run"], get_worker())
    try:
        child.begin(dumps({"key": parcel["key"], **fetch_parts(parcel)}))
        for event in _events(child, outbox):
            outbox.send(event)
    except AbandonedError as error:
        if not outbox.cancelled:
            raise RuntimeError(str(error)) from None
    except OSError as error:
        raise RuntimeError(f"its process is gone: {error}") from None
    finally:
        give_back(child)
        outbox.close()


def fetch_parts(parcel: dict[str, Any]) -> dict[str, Any]:
    """Give the packed task and arrays of a parcel, and where they are.

    Raises
    ------
    RuntimeError
        With the parcel's mark, when a part of it was lost with its worker.
    """
    parts = {}
    for name in ("task", "data"):
        part = parcel[name]
        try:
            parts[name] = fetch(part) if isinstance(part, str) else part
        except LookupError:
            raise RuntimeError(parcel["gone"], part) from None
    return {**parts, "worker": get_worker().address}


def _events(child: Child, outbox: Outbox) -> Iterator[dict[str, Any]]:
    while True:
        if outbox.abandoned:
            raise AbandonedError("its worker is closing, or its driver is gone")
        frame = child.frame(LOOK_SECONDS)
        if frame == END:
            return
        if frame is not None:
            yield loads(frame)
