"""Check and time training on a GPU: `python -m tests.benchmarks.gpu`, some minutes on the card.

Run it with `--device cpu --checks --out cpu.json` first, on any machine, and give that file as `--reference`
to the run on the card: what is learned there has to lie within the spread of the CPU's seeds.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks.gpu import checks, rates
from tests.benchmarks.gpu.networks import CHECKED, FULL_SIZE, NETWORKS, make_data

OUT = Path(__file__).resolve().parents[1] / "gpu.json"
TOGETHER = ("cnn", "cnn_three_layers", "cnn_residual", "bilstm")
SEEDS = range(1, 5)


class Session:
    """One run of everything: what it found, and how much time is left.

    Parameters
    ----------
    options : argparse.Namespace
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.device, self.out, self.budget = options.device, Path(options.out), options.budget
        self.start, self.failures = time.perf_counter(), 0
        self.found: dict[str, Any] = {"facts": rates.describe(self.device), "warnings": []}
        self.reference = json.loads(Path(options.reference).read_text()) if options.reference else {}
        quick = options.quick
        self.small, self.epochs = ((600, 200), 2) if quick else ((8_000, 2_000), 5)
        self.sizes, self.seconds = ((2_000, 500), 0.2) if quick else (FULL_SIZE, 3.0)
        self.counts = (2,) if quick else (2, 4, 8)
        self.networks = [name for name in NETWORKS if not options.networks or name in options.networks]

    def say(self, text: str) -> None:
        """One line, with the time that has passed."""
        print(f"{time.perf_counter() - self.start:6.1f} s  {text}", flush=True)

    def keep(self, stage: str, name: str, figures: Any) -> None:
        """Keep figures, on the disk too: what comes after may break."""
        self.found.setdefault(stage, {})[name] = figures
        self.out.write_text(json.dumps(self.found, indent=1) + "\n")

    def judge(self, good: bool) -> str:
        """The word for a check, whose failures are counted."""
        self.failures += not good
        return "ok" if good else "FAILED"

    def attempt(self, label: str, run: Callable[[], None]) -> None:
        """Run one part if there is time; if it breaks, say so and go on with the next."""
        if time.perf_counter() - self.start > self.budget:
            self.keep("left out", label, "no time")
            return
        try:
            run()
        except Exception as error:
            self.keep("broken", label, traceback.format_exc())
            self.say(f"{label}: {type(error).__name__}: {str(error)[:400]}  {self.judge(good=False)}")


def check(session: Session) -> None:
    """Results against the CPU, in the order in which a fault would show."""
    data = make_data(*session.small)
    for stage in (check_agreement, check_repeats, check_learning):
        for name in [name for name in CHECKED if name in session.networks]:
            session.attempt(f"{name}: {stage.__name__}", lambda: stage(session, name, data))  # noqa: B023


def check_agreement(session: Session, name: str, _: Any) -> None:
    """Predictions and gradients of a batch."""
    errors = checks.agreement(name, session.device)
    session.keep("agreement", name, errors)
    figures = ", ".join(f"{kind} {out:.1e} / {slope:.1e}" for kind, (out, slope) in errors.items())
    good = max(errors["float32"]) < checks.TOLERANCE
    session.say(f"{name}: errors of predictions / gradients: {figures}  {session.judge(good)}")


def check_repeats(session: Session, name: str, data: Any) -> None:
    """The same run twice, through a checkpoint, and without a graph."""
    apart = checks.repeats(name, session.device, data, epochs=2)
    session.keep("repeats", name, apart)
    figures = ", ".join(f"{kind} {value:.2g}" for kind, value in apart.items())
    good = max(apart["again"], apart["resumed"]) == 0.0
    session.say(f"{name}: validation Spearman apart: {figures}  {session.judge(good)}")


def check_learning(session: Session, name: str, data: Any) -> None:
    """Scores after some epochs, against the reference's."""
    scores = checks.learned(name, session.device, data, session.epochs, SEEDS)
    session.keep("learned", name, scores)
    session.say(f"{name}: learned {listed(scores)}  {compare(session, name)}")


def compare(session: Session, name: str) -> str:
    """What a network learned against what it learned in the reference."""
    reference = session.reference.get("learned", {}).get(name)
    if reference is None:
        return "(no reference)"
    good = checks.within_the_spread(session.found["learned"][name], reference)
    return f"reference {listed(reference)}  {session.judge(good)}"


def listed(scores: list[float]) -> str:
    """Scores in a line."""
    return ", ".join(f"{score:.3f}" for score in scores)


def measure_alone(session: Session) -> None:
    """One training run at a time, at full size."""
    for name in session.networks:
        for graphs in (True, False) if session.device == "cuda" else (False,):
            label = f"{name}{' graph' if graphs else ''}"
            session.attempt(label, lambda: measure_one(session, label, name, graphs))  # noqa: B023
    if session.device == "cuda":
        for name in ("cnn_three_layers", "cnn_residual"):
            for setting, value in (("deterministic", False), ("benchmark", True), ("allow_tf32", False)):
                label, settings = f"{name} graph, {setting} {value}", {setting: value}
                session.attempt(label, lambda: measure_one(session, label, name, True, **settings))  # noqa: B023


def measure_one(session: Session, label: str, name: str, graphs: bool, **settings: bool) -> None:
    """One network in one way."""
    figures = rates.alone(name, session.device, session.sizes, session.seconds, graphs, **settings)
    session.keep("alone", label, figures)
    session.say(
        f"{label}: {figures['rate']:.2f} epochs/s, first {figures['first']:.1f} s, "
        f"checkpoint {1e3 * figures['checkpoint']:.0f} ms, {figures['megabytes']:.0f} MB"
    )


def measure_together(session: Session) -> None:
    """Several training runs at once, in threads of one process and in processes."""
    processes = rates.Processes(session.device, max(session.counts))
    ways = {"threads": partial(rates.in_threads, device=session.device), "processes": processes.together}
    for name in [name for name in TOGETHER if name in session.networks]:
        for count, (how, run) in product(session.counts, ways.items()):
            label = f"{name} {count} {how}"
            session.attempt(label, lambda: measure_several(session, label, run, name, count))  # noqa: B023
    processes.close()


def measure_several(session: Session, label: str, run: Callable, name: str, count: int) -> None:
    """One network several times at once."""
    figures = run(name=name, sizes=session.sizes, seconds=session.seconds, count=count)
    session.keep("together", label, figures)
    session.say(f"{label}: {figures['rate']:.2f} epochs/s in all, {figures['megabytes']:.0f} MB of the card")


class Kept(logging.Handler):
    """Keeps warnings, such as that a graph could not be recorded."""

    def __init__(self, session: Session) -> None:
        super().__init__(logging.WARNING)
        self.session = session

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage().strip()[:400]
        if message not in self.session.found["warnings"]:
            self.session.found["warnings"].append(message)
            self.session.say(f"warning: {message}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--quick", action="store_true", help="small and short: whether it runs at all")
    parser.add_argument("--checks", action="store_true", help="check alone, do not time")
    parser.add_argument("--networks", nargs="*", help=f"some of {', '.join(NETWORKS)}")
    parser.add_argument("--reference", help="the file that a run on a CPU has written")
    parser.add_argument("--out", default=OUT)
    parser.add_argument("--budget", type=float, default=330.0, help="seconds after which nothing new begins")
    session = Session(options := parser.parse_args())
    logging.captureWarnings(capture=True)
    logging.getLogger().addHandler(Kept(session))
    torch.set_num_threads(1)
    session.say(", ".join(f"{name} {value}" for name, value in session.found["facts"].items()))
    check(session)
    if not options.checks:
        measure_alone(session)
        measure_together(session)
    left_out = len(session.found.get("left out", ()))
    session.say(f"{session.failures} checks failed, {left_out} parts left out; figures in {session.out}")
    sys.exit(1 if session.failures else 0)


if __name__ == "__main__":
    main()
