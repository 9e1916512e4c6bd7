"""What lies on the workers: sent once, fetched by those that need it, sent again when it was lost."""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Iterator
from contextlib import closing

import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster
from distributed.protocol.pickle import dumps, loads

from data_io.targets import TargetScaling
from data_io.training_set import Examples, TrainingSet
from search.workers.dask.executor import DaskExecutor
from search.workers.dask.guest import fetching
from search.workers.dask.guest.fetching import fetch
from search.workers.dask.parcel import INLINE_BYTES, pack_task
from search.workers.dask.run import TRIES
from search.workers.dask.shelf import Shelf
from search.workers.events import Event, Lost, Trained
from search.workers.executor import Executor
from tests.support.clusters import wait_for
from tests.support.executing import ends
from tests.support.toytasks import Deadly, Holding


def examples(number: int) -> Examples:
    generator = np.random.default_rng(0)
    codes = generator.integers(0, 4, (number, 41), np.uint8)
    return Examples(codes, generator.normal(size=number).astype(np.float32))


@pytest.fixture(scope="module")
def data() -> TrainingSet:
    """Arrays of the size of a whole experiment's."""
    return TrainingSet(
        examples(96_000), examples(24_000), TargetScaling(9.0, 0.0, 0.0, 1.0, 1.0), "fingerprint"
    )


def found(event: Event) -> dict[str, object]:
    """What a `Holding` task reported."""
    assert isinstance(event, Trained)
    values: dict[str, object] = json.loads(event.weights)
    return values


@pytest.fixture
def client(inside: LocalCluster) -> Iterator[Client]:
    with Client(inside, set_as_default=False) as client:
        yield client


def scattered(client: Client) -> int:
    """How often something was laid out on the workers."""
    return sum(event["action"] == "scatter" for _, event in client.get_events("all"))


def test_a_value_is_sent_once_and_fetched_from_where_it_lies(client: Client) -> None:
    shelf, value, before = Shelf(client), {"a": 1}, scattered(client)

    async def keys() -> list[str]:
        return [*await asyncio.gather(shelf.key(value), shelf.key(value)), await shelf.key(value)]

    (key,) = set(client.sync(keys))
    assert scattered(client) == before + 1
    assert loads(client.submit(fetch, key, pure=False).result()) == value


def test_another_value_has_another_key_however_alike_they_are(client: Client) -> None:
    shelf = Shelf(client)
    assert client.sync(shelf.key, {"a": 1}) != client.sync(shelf.key, {"a": 1})


def test_what_is_released_is_forgotten_and_may_come_again(client: Client, inside: LocalCluster) -> None:
    shelf, value = Shelf(client), {"a": 1}
    key = client.sync(shelf.key, value)
    assert key in inside.scheduler.tasks
    client.sync(shelf.release, value)
    client.sync(shelf.release, value)
    wait_for(lambda: key not in inside.scheduler.tasks, "a scheduler that has forgotten it")
    assert client.sync(shelf.key, value) != key


def test_what_is_gone_is_noticed_by_who_needs_it(client: Client) -> None:
    with pytest.raises(LookupError, match="unknown key"):
        client.submit(fetch, "unknown key").result()


def test_a_worker_keeps_what_it_used_last(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "CACHE_BYTES", 2500)
    monkeypatch.setattr(fetching, "_cache", {})
    shelf = Shelf(client)
    values = [bytes([number]) * 1000 for number in range(3)]
    keys = [client.sync(shelf.key, value, value) for value in values]
    for key in (keys[0], keys[1], keys[0], keys[2]):
        client.submit(fetch, key, pure=False).result()
    assert list(fetching._cache) == [keys[0], keys[2]]


def test_a_parcel_is_small_whatever_its_task_holds(client: Client, data: TrainingSet) -> None:
    shelf = Shelf(client)
    for task in (Holding("a", data), Holding("a", data, bytes(10 * INLINE_BYTES))):
        parcel = client.sync(pack_task, task, "run", "outbox", shelf, with_code=True)
        assert len(dumps(parcel)) < 20_000
    assert len(dumps(data)) > 5_000_000


def test_tasks_of_a_study_find_its_arrays_and_dask_has_nothing_to_warn_of(
    executor: Executor, data: TrainingSet
) -> None:
    assert dask.config.get("distributed.admin.large-graph-warning-threshold") == "10MB"
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        tasks = [Holding(key, data, bytes(20_000_000)) for key in "abcd"]
        values = [found(event) for event in ends(executor, *tasks).values()]
    assert {value["sum"] for value in values} == {float(data.train.targets.sum())}
    assert {value["ballast"] for value in values} == {20_000_000}
    assert not [str(warning.message) for warning in given if "graph" in str(warning.message)]


def test_arrays_that_were_lost_with_their_worker_are_sent_again(own: DaskExecutor, data: TrainingSet) -> None:
    before = found(ends(own, Holding("a", data))["a"])
    workers = set(own.workers)
    while workers & set(own.workers):
        ends(own, *(Deadly(key) for key in "ab"))
    wait_for(lambda: own.slots == 2, "new workers")
    after = found(ends(own, Holding("a", data))["a"])
    assert after["sum"] == before["sum"]
    assert after["pid"] != before["pid"]


def test_arrays_that_are_released_are_sent_again_when_they_are_needed(
    executor: Executor, data: TrainingSet
) -> None:
    for _ in range(2):
        assert isinstance(ends(executor, Holding("a", data))["a"], Trained)
        executor.release(data)


@pytest.mark.parametrize("lost", [1, TRIES])
def test_a_task_whose_arrays_are_gone_when_it_begins_is_tried_again(
    lost: int, own: DaskExecutor, data: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when their worker dies between the submission and the beginning."""
    key, calls = Shelf.key, []

    async def mislaid(self: Shelf, value: object, packed: bytes | None = None) -> str:
        calls.append(value)
        return "nowhere" if len(calls) <= lost else await key(self, value, packed)

    monkeypatch.setattr(Shelf, "key", mislaid)
    event = ends(own, Holding("a", data))["a"]
    assert isinstance(event, Trained if lost < TRIES else Lost), event
    if isinstance(event, Lost):
        assert event.reason == "the worker is gone that had its arrays"


def test_a_driver_that_goes_leaves_nothing_on_the_workers_of_others(
    inside: LocalCluster, data: TrainingSet
) -> None:
    with closing(DaskExecutor(scheduler=inside.scheduler_address)) as executor:
        ends(executor, Holding("a", data))
        assert len(inside.scheduler.tasks) >= 2
    wait_for(lambda: not inside.scheduler.tasks, "an empty scheduler")
