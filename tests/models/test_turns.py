"""Recording a graph alone, everything else together: the lock, with threads on the CPU."""

import threading
import time
from contextlib import nullcontext

import pytest
import torch

from models.turns import TURNS, Turns, sharing

PATIENCE = 10.0


def start(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def ended(thread):
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_many_share():
    turns, together = Turns(), threading.Barrier(4)

    def work():
        with turns.shared():
            together.wait(PATIENCE)

    assert all(ended(thread) for thread in [start(work) for _ in range(4)])
    assert not together.broken


def test_one_alone_waits_for_those_who_share_and_goes_before_newcomers():
    turns, order = Turns(), []

    def use(way, name):
        with way():
            order.append(name)

    with turns.shared():
        alone = start(lambda: use(turns.alone, "alone"))
        while not turns._waiting:
            time.sleep(0.001)
        newcomer = start(lambda: use(turns.shared, "newcomer"))
        time.sleep(0.05)
        assert order == []
    assert ended(alone)
    assert ended(newcomer)
    assert order == ["alone", "newcomer"]


def test_nothing_runs_beside_one_alone():
    turns, inside, beside = Turns(), [], []

    def work(number):
        for turn in range(40):
            if (turn + number) % 8 == 0:
                with turns.alone():
                    beside.append(len(inside))
                    time.sleep(0.0005)
                    beside.append(len(inside))
            with turns.shared():
                inside.append(number)
                time.sleep(0.0001)
                inside.pop()

    threads = [start(lambda number=number: work(number)) for number in range(8)]
    assert all(ended(thread) for thread in threads)
    assert len(beside) == 2 * 8 * 5
    assert set(beside) == {0}


@pytest.mark.parametrize("way", ["shared", "alone"])
def test_an_error_gives_it_free(way):
    turns = Turns()
    with pytest.raises(ValueError, match="within"), getattr(turns, way)():
        raise ValueError("within")
    with turns.alone():
        pass
    with turns.shared():
        pass


def test_a_cpu_waits_for_nobody():
    with TURNS.alone(), sharing(torch.device("cpu")):
        pass
    assert isinstance(sharing(torch.device("cpu")), nullcontext)
    assert not isinstance(sharing(torch.device("cuda")), nullcontext)
