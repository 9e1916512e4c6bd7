"""The driver's link to a scheduler, and why it broke."""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator
from contextlib import closing

import pytest
from distributed import Client, LocalCluster, Queue

from search.workers.dask.link import Link
from search.workers.events import Started, to_plain
from tests.support.clusters import wait_for


@pytest.fixture
def link(inside: LocalCluster) -> Iterator[Link]:
    link = Link(Client(inside, set_as_default=False))
    yield link
    link.close(let_go=True)


def test_events_come_in_the_order_in_which_they_were_put(link: Link) -> None:
    outbox = Queue(link.outbox, client=link.client)
    for number in range(3):
        outbox.put({"run": "r", "event": to_plain(Started("task", f"worker {number}"))})
    came = [link.reported.get(timeout=60) for _ in range(3)]
    assert came == [("r", Started("task", f"worker {number}")) for number in range(3)]
    assert link.broken is None
    outbox.close()


def test_the_workers_that_are_there_are_known_at_once(link: Link, inside: LocalCluster) -> None:
    assert link.threads == {worker.address: 2 for worker in inside.workers.values()}


def test_a_message_of_another_version_is_the_cause_that_is_said(
    link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "rbptune"):
        Queue(link.outbox, client=link.client).put({"run": "r", "event": {"event": "Nonsense"}})
        wait_for(lambda: link.broken, "an end of the link")
    assert link.broken == "KeyError: 'Nonsense'"
    assert "Traceback" in caplog.text
    with pytest.raises(queue.Empty):
        link.reported.get_nowait()


def test_a_client_that_was_closed_is_a_cause(inside: LocalCluster) -> None:
    with Client(inside, set_as_default=False) as client:
        link = Link(client)
    wait_for(lambda: link.broken, "an end of the link")
    link.close(let_go=True)
    with closing(Client(inside, set_as_default=False)) as client:
        link = Link(client)
        client.close()
        assert link.broken is not None
