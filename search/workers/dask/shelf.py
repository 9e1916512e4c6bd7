"""What tasks need but do not carry: it lies on the workers, where a driver puts it once."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

from distributed import Client, Future
from distributed.protocol.pickle import dumps


@dataclass(frozen=True)
class _Item:
    value: object  # kept, so that its identity is no other value's meanwhile
    sending: asyncio.Task[Future[bytes]]

    @property
    def lost(self) -> bool:
        """Whether it could not be sent, or the only worker that had it is gone."""
        if not self.sending.done():
            return False
        return self.sending.exception() is not None or self.sending.result().status != "finished"


class Shelf:
    """Values on the workers of a cluster, by their identity; used within the client's event loop alone.

    Dask keeps each on one worker, lets others fetch it from there, moves it when that one retires, and
    forgets it with the client. What is lost with a worker is sent again when it is needed again.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._items: dict[int, _Item] = {}

    async def key(self, value: object, packed: bytes | None = None) -> str:
        """Give the key under which a value lies on the workers; send it if it does not.

        Parameters
        ----------
        value : object
        packed : bytes, optional
            What to send. Default: the value pickled.

        Raises
        ------
        OSError
            When there is no worker to take it.
        """
        item = self._items.get(id(value))
        if item is None or item.lost:
            item = _Item(value, asyncio.ensure_future(self._send(dumps(value) if packed is None else packed)))
            self._items[id(value)] = item
        return str((await asyncio.shield(item.sending)).key)

    async def _send(self, packed: bytes) -> Future[bytes]:
        key = f"rbptune-{uuid.uuid4().hex}"
        sent = await self._client.scatter({key: packed}, asynchronous=True)
        future: Future[bytes] = sent[key]
        return future

    async def release(self, value: object) -> None:
        """Let the workers forget a value."""
        item = self._items.pop(id(value), None)
        if item is not None and not item.lost:
            (await item.sending).release()
