"""How many epochs a second: one training run at a time, and several at once in threads and in processes."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import torch

from models.trainer import Trainer
from tests.benchmarks.gpu.networks import make_data, trainer_of

Sizes = tuple[int, int]

PATIENCE = 90.0  # seconds
GRACE = 10.0  # seconds, for the other threads where one has failed


def alone(
    name: str, device: str, sizes: Sizes, seconds: float, graphs: bool = True, **settings: bool
) -> dict[str, float]:
    """Epochs a second of one run, after a first epoch; what a checkpoint takes; the device's memory.

    `settings` are those of `torch.backends.cudnn`, in place of what the trainer asks for.
    """
    if device == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    trainer = trainer_of(name, make_data(*sizes), device, epochs=10_000, graphs=graphs)
    with _cudnn(settings):
        trainer.run_epoch()
        ready = time.perf_counter()
        count, passed = _run_for(trainer, seconds)
    before = time.perf_counter()
    trainer.checkpoint()
    return {
        "rate": count / passed,
        "first": ready - start,
        "checkpoint": time.perf_counter() - before,
        "megabytes": torch.cuda.max_memory_reserved() / 1e6 if device == "cuda" else 0.0,
    }


@contextmanager
def _cudnn(settings: dict[str, bool]) -> Iterator[None]:
    before = {setting: getattr(torch.backends.cudnn, setting) for setting in settings}
    for setting, value in settings.items():
        setattr(torch.backends.cudnn, setting, value)
    yield
    for setting, value in before.items():
        setattr(torch.backends.cudnn, setting, value)


def in_threads(name: str, device: str, sizes: Sizes, seconds: float, count: int) -> dict[str, float]:
    """Epochs a second of several runs in the threads of this process, together."""
    data = make_data(*sizes)
    trainers = [trainer_of(name, data, device, seed, epochs=10_000) for seed in range(count)]
    barrier = threading.Barrier(count)

    def work(number: int) -> float:
        trainers[number].run_epoch()
        barrier.wait(PATIENCE)
        epochs, passed = _run_for(trainers[number], seconds)
        return epochs / passed

    found = sum(all_in_threads(work, count, barrier))
    return {"rate": found, "megabytes": _taken() if device == "cuda" else 0.0}


def all_in_threads(
    work: Callable[[int], float], count: int, barrier: threading.Barrier, patience: float = 2 * PATIENCE
) -> list[float]:
    """What `work` gives for each number below `count`, a thread each.

    Raises
    ------
    Exception
        The first that a thread ended with; the others do not wait at the barrier any longer.
    TimeoutError
        If a thread has not ended after `patience` seconds; it is left behind, but ends with the script.
    """
    results, errors = [0.0] * count, []

    def guarded(number: int) -> None:
        try:
            results[number] = work(number)
        except Exception as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=guarded, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience
    while any(thread.is_alive() for thread in threads) and not errors and time.monotonic() < end:
        time.sleep(0.02)
    for thread in threads:
        thread.join(GRACE if errors else 0.0)  # so that none of them works beside the next measurement
    if errors:
        raise errors[0]
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError(f"a thread has not ended after {patience:g} seconds")
    return results


class Processes:
    """Processes that train when told to, as many as are wanted at once; they are started once.

    Parameters
    ----------
    device : str
    count : int
    """

    def __init__(self, device: str, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, device), daemon=True)
            process.start()
            theirs.close()  # so that its end is noticed
            self._pipes.append(ours)
            self._processes.append(process)

    def together(self, name: str, sizes: Sizes, seconds: float, count: int) -> dict[str, float]:
        """Epochs a second of several runs, one in each process."""
        chosen = self._pipes[:count]
        for message in ((name, sizes), seconds):
            for pipe in chosen:
                pipe.send(message)
            answers = [_answer(pipe) for pipe in chosen]  # whether ready, then the figures
        return {"rate": sum(rate for rate, _ in answers), "megabytes": answers[0][1]}

    def close(self) -> None:
        """End them."""
        for process in self._processes:
            process.terminate()
            process.join(timeout=20)


def _answer(pipe: Connection) -> Any:
    if not pipe.poll(PATIENCE):
        raise TimeoutError(f"a process did not answer within {PATIENCE} seconds")
    return pipe.recv()


def _serve(pipe: Connection, device: str) -> None:
    torch.set_num_threads(1)
    while True:
        name, sizes = pipe.recv()
        trainer = trainer_of(name, make_data(*sizes), device, epochs=10_000)
        trainer.run_epoch()
        pipe.send("ready")
        count, passed = _run_for(trainer, pipe.recv())
        pipe.send((count / passed, _taken() if device == "cuda" else 0.0))
        del trainer
        if device == "cuda":
            torch.cuda.empty_cache()


def _run_for(trainer: Trainer, seconds: float) -> tuple[int, float]:
    """Whole epochs until the time is over; their number and the seconds that they took."""
    start, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < seconds or count == 0:
        trainer.run_epoch()
        count += 1
    return count, time.perf_counter() - start if count else passed


def _taken() -> float:
    """Megabytes of the device that are not free."""
    free, total = torch.cuda.mem_get_info()
    return (total - free) / 1e6


def describe(device: str) -> dict[str, Any]:
    """The device and what runs on it."""
    found: dict[str, Any] = {"device": device, "torch": torch.__version__}
    if device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        found |= {
            "card": properties.name,
            "memory_gb": round(properties.total_memory / 1e9, 1),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return found
