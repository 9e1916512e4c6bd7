"""How many trials what was found for other proteins saves: `python -m tests.benchmarks.replay.transfer`.

Every experiment in turn is left out of what the starts are chosen on. A search without any start but the seed
says where 30 trials end; counted is after how many a search with starts has so much of that.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from itertools import product

from search.strategy.space_files import shipped_space
from tests.benchmarks.curves.portfolio import choose_starts
from tests.benchmarks.curves.records import ARCHITECTURES, Record, read_packed
from tests.benchmarks.replay.candidates import PORTFOLIO, candidates
from tests.benchmarks.replay.comparing import TRIALS, quiet, winners_of
from tests.benchmarks.replay.playing import Played, play

STRATEGIES = "no starts", "starts by hand alone", "portfolio alone", "today", "with winners of the others"
ALONE = STRATEGIES[0]
SHARES = 0.98, 1.0
SEEDS = 3


def searches(records: list[Record]) -> Iterator[dict[str, Played]]:
    """Play each strategy on each experiment with each seed."""
    space = shipped_space(records[0].architecture)
    for experiment, seed in product(sorted({record.experiment for record in records}), range(SEEDS)):
        runs = [record.run for record in records if record.experiment == experiment]
        others = [record for record in records if record.experiment != experiment]
        known = candidates(space, choose_starts(others, PORTFOLIO), winners_of(others, space))
        yield {name: play(runs, space, known[name], seed, trials=TRIALS) for name in STRATEGIES}


def describe(found: list[dict[str, Played]]) -> str:
    """Give a line for each strategy: trials to shares of the score that no starts end with."""
    lines = [f"{len(found)} searches of {TRIALS} trials; trials until so much of the score without starts"]
    for name in STRATEGIES:
        cells = [f"{name:<28}"]
        for share in SHARES:
            counts = [each[name].trials_to(share * max(each[ALONE].scores)) for each in found]
            reached = [count for count in counts if count is not None]
            missed = len(counts) - len(reached)
            cells.append(
                f"{share:.0%}: median {statistics.median(reached):g}, mean {statistics.mean(reached):.1f}"
                + (f" ({missed} never)" if missed else "")
            )
        cells.append(f"final {statistics.mean(max(each[name].scores) for each in found):.4f}")
        lines.append("  ".join(cells))
    return "\n".join(lines)


if __name__ == "__main__":
    quiet()
    for architecture in ARCHITECTURES:
        print(f"{architecture}: {describe(list(searches(read_packed(architecture))))}", flush=True)
