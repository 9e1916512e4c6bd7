"""The driver's link to a scheduler: what workers report, and which there are."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import queue
import uuid
from collections.abc import Coroutine
from typing import Any

from distributed import Client, Queue

from search.workers.events import Event, from_plain

LOOK_SECONDS = 1.0  # how long the list of workers is believed
CLOSE_SECONDS = 1
log = logging.getLogger("rbptune")


class Link:
    """Takes in events from a queue at the scheduler, and looks for workers, in the client's event loop.

    So neither a shared disk nor a connection from the workers to the driver is needed.

    Parameters
    ----------
    client : distributed.Client

    Attributes
    ----------
    reported : queue.SimpleQueue
        The events of runs, each with the run's name.
    threads : dict
        How many each worker has, by its address.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.reported: queue.SimpleQueue[tuple[str, Event]] = queue.SimpleQueue()
        self.threads: dict[str, int] = {}
        self._outbox = Queue(f"rbptune-{uuid.uuid4().hex}", client=client)
        self.do(self._look()).result()
        self._failure: str | None = None
        self._background = [self.do(self._guard(self._watch())), self.do(self._guard(self._listen()))]

    @property
    def outbox(self) -> str:
        """Name of the queue."""
        return str(self._outbox.name)

    @property
    def broken(self) -> str | None:
        """Why nothing comes from the scheduler any more."""
        if self._failure is None and self.client.status != "running":
            return f"the connection is {self.client.status}"
        return self._failure

    def do(self, work: Coroutine[Any, Any, None]) -> concurrent.futures.Future[None]:
        """Let the client's event loop do `work`."""
        loop: Any = self.client.loop
        return asyncio.run_coroutine_threadsafe(work, loop.asyncio_loop)

    def close(self, let_go: bool) -> None:
        """End it; let go of the queue where the scheduler outlives it."""
        for work in self._background:
            work.cancel()
        if let_go and self.client.status == "running":
            self._outbox.close()
        with contextlib.suppress(TimeoutError, OSError):
            self.client.close(timeout=CLOSE_SECONDS)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Do work that has no end, and keep the reason when it ends."""
        try:
            await work
        except Exception as error:
            log.debug("the link to the scheduler broke", exc_info=error)
            kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
            self._failure = f"{kind}{error}"

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def _look(self) -> None:
        scheduler: Any = self.client.scheduler
        self.threads = dict(await scheduler.ncores())

    async def _listen(self) -> None:
        while True:
            first = await self._outbox.get()
            for message in [first, *await self._outbox.get(batch=True)]:
                self.reported.put((message["run"], from_plain(message["event"])))
