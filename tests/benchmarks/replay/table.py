"""What the searches came to: a row a strategy, and what a rule is worth where it was not chosen."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import permutations

from tests.benchmarks.ablation import spread
from tests.benchmarks.replay.candidates import TODAY
from tests.benchmarks.replay.playing import Played

SHARES = 0.25, 0.5, 1.0
Results = Mapping[tuple[str, str, int], tuple[float, ...]]  # by strategy, experiment and seed


def figures(played: Played, budget: float) -> tuple[float, ...]:
    """Give the trials that ended in a budget, the scores at shares of it, and their mean over all of it."""
    return (played.trials, *(played.score_at(share * budget) for share in SHARES), played.area(budget))


def table(results: Results) -> str:
    """Give each strategy's means over experiments and seeds, the best by area first."""
    strategies, experiments, seeds = (sorted({key[place] for key in results}) for place in range(3))
    whole = [(experiment, seed) for experiment in experiments for seed in seeds]
    head = "".join(f"{f'at {share:.0%}':>9}" for share in SHARES)
    lines = [
        f"{'strategy':<40}{'trials':>8}{head}{'area':>9}   "
        f"area against {TODAY}: mean, deviation over experiments / seeds"
    ]
    for strategy in sorted(strategies, key=lambda name: (-area(results, name, experiments), name != TODAY)):
        rows = [results[strategy, *each] for each in whole]
        trials, *scores = (statistics.mean(column) for column in zip(*rows, strict=True))
        means = f"{trials:>8.0f}" + "".join(f"{score:>9.4f}" for score in scores)
        against = [row[-1] - results[TODAY, *each][-1] for row, each in zip(rows, whole, strict=True)]
        lines.append(f"{strategy:<40}{means}   {spread(against, whole)}")
    return "\n".join(lines)


def area(results: Results, strategy: str, experiments: Sequence[str]) -> float:
    """Give a strategy's mean area over experiments and their seeds."""
    found = [
        row[-1]
        for (name, experiment, _), row in results.items()
        if name == strategy and experiment in experiments
    ]
    return statistics.mean(found)


def left_out(results: Results) -> str:
    """Say what the rule chosen on other experiments is worth, and what that of one loses on another."""
    strategies, experiments = (sorted({key[place] for key in results}) for place in range(2))
    if len(experiments) < 2:
        return "one experiment alone: no rule can be chosen on others"

    def best(names: Sequence[str]) -> str:
        return max(strategies, key=lambda strategy: (area(results, strategy, names), strategy == TODAY))

    lines = ["chosen on all other experiments:"]
    gains = []
    for experiment in experiments:
        chosen = best([name for name in experiments if name != experiment])
        gains.append(area(results, chosen, [experiment]) - area(results, TODAY, [experiment]))
        lines.append(f"  {experiment}: {chosen}, area {gains[-1]:+.4f} against {TODAY}")
    lines.append(
        f"  mean {statistics.mean(gains):+.4f}, deviation over experiments {statistics.stdev(gains):.4f}"
    )
    losses = [
        area(results, best([other]), [other]) - area(results, best([one]), [other])
        for one, other in permutations(experiments, 2)
    ]
    lines.append(
        f"the rule of one experiment used on another loses {statistics.mean(losses):.4f} of area "
        f"(mean of {len(losses)} pairs, at most {max(losses):.4f}) against that one's own"
    )
    return "\n".join(lines)
