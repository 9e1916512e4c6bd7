"""Get what a driver laid out on some worker: a study's arrays, which many of its trials need."""

from __future__ import annotations

import threading
from typing import Any

from distributed import Client, get_client
from distributed.utils_comm import gather_from_workers

CACHE_BYTES = 128 << 20  # of one worker process; two dozen studies of a whole array
_cache: dict[str, bytes] = {}  # the last used at the end
_lock = threading.Lock()


def fetch(key: str) -> bytes:
    """Give the bytes that a driver laid out under a key; those used lately are here already.

    Raises
    ------
    LookupError
        When the worker that had them is gone.
    """
    with _lock:
        found = _cache.pop(key, None)
        if found is not None:
            _cache[key] = found
            return found
    client = get_client()
    content: bytes = client.sync(_gather, client, key)
    _keep(key, content)
    return content


async def _gather(client: Client, key: str) -> bytes:
    """Ask the workers that have it; the scheduler, where they cannot be reached from here."""
    scheduler: Any = client.scheduler
    found: dict[Any, Any]
    found, *_ = await gather_from_workers(await scheduler.who_has(keys=[key]), rpc=client.rpc)
    if key not in found:
        answer = await scheduler.gather(keys=[key])
        if answer["status"] != "OK":
            raise LookupError(key)
        found = answer["data"]
    content: Any = found[key]
    return bytes(content)


def _keep(key: str, content: bytes) -> None:
    with _lock:
        _cache[key] = content
        while len(_cache) > 1 and sum(map(len, _cache.values())) > CACHE_BYTES:
            del _cache[next(iter(_cache))]
