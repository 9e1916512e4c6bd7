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

    def has_time(self) -> bool:
        """Whether another measurement can begin."""
        return time.perf_counter() - self.start < self.budget


def check(session: Session) -> None:
    """Results against the CPU, in the order in which a fault would show."""
    for name in [name for name in CHECKED if name in session.networks]:
        errors = checks.agreement(name, session.device)
        session.keep("agreement", name, errors)
        good = max(errors["float32"]) < checks.TOLERANCE
        figures = ", ".join(f"{kind} {out:.1e} / {slope:.1e}" for kind, (out, slope) in errors.items())
        session.say(f"{name}: errors of predictions / gradients: {figures}  {session.judge(good)}")
    data = make_data(*session.small)
    for name in [name for name in CHECKED if name in session.networks]:
        apart = checks.repeats(name, session.device, data, epochs=2)
        session.keep("repeats", name, apart)
        good = max(apart["again"], apart["resumed"]) == 0.0
        figures = ", ".join(f"{kind} {value:.2g}" for kind, value in apart.items())
        session.say(f"{name}: validation Spearman apart: {figures}  {session.judge(good)}")
        scores = checks.learned(name, session.device, data, session.epochs, SEEDS)
        session.keep("learned", name, scores)
        session.say(
            f"{name}: learned {', '.join(f'{score:.3f}' for score in scores)}  {compare(session, name)}"
        )


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
            if session.has_time():
                figures = rates.alone(name, session.device, session.sizes, session.seconds, graphs)
                session.keep("alone", f"{name}{' graph' if graphs else ''}", figures)
                session.say(
                    f"{name}{', graph' if graphs else ''}: {figures['rate']:.2f} epochs/s, first epoch "
                    f"{figures['first']:.1f} s, checkpoint {1e3 * figures['checkpoint']:.0f} ms, "
                    f"{figures['megabytes']:.0f} MB"
                )


def measure_together(session: Session) -> None:
    """Several training runs at once, in threads of one process and in processes."""
    processes = rates.Processes(session.device, max(session.counts))
    for name in [name for name in TOGETHER if name in session.networks]:
        for count in session.counts:
            for how, run in (
                ("threads", lambda *a: rates.in_threads(a[0], session.device, *a[1:])),
                ("processes", processes.together),
            ):
                if session.has_time():
                    figures = run(name, session.sizes, session.seconds, count)
                    session.keep("together", f"{name} {count} {how}", figures)
                    rate, taken = figures["rate"], figures["megabytes"]
                    session.say(f"{name} in {count} {how}: {rate:.2f} epochs/s in all, card {taken:.0f} MB")
    processes.close()


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
    session.say(f"{session.failures} checks failed; figures in {session.out}")
    sys.exit(1 if session.failures else 0)


if __name__ == "__main__":
    main()
