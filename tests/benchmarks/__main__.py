"""Run the benchmarks, print a table of ratios, and keep it in results.json.

`python -m tests.benchmarks` runs the quick ones, with names those alone; `predict` are those of predictions.
"""

import json
import sys
from pathlib import Path

from tests.benchmarks.predicting import (
    predict_cnn,
    predict_cnn_long,
    predict_deep,
    predict_deep_long,
    predict_residual,
)
from tests.benchmarks.reading import cached_read, first_of_all, first_read, last_of_all
from tests.benchmarks.searching import service_cost
from tests.benchmarks.training import (
    bilstm_two_workers,
    cnn_deep,
    cnn_epoch_one_thread,
    cnn_max_average,
    cnn_residual,
    cnn_two_workers,
    rnn_two_workers,
)

RESULTS = Path(__file__).parent / "results.json"
QUICK = (
    cnn_epoch_one_thread,
    cnn_two_workers,
    cnn_max_average,
    cnn_deep,
    cnn_residual,
    rnn_two_workers,
    bilstm_two_workers,
    first_read,
    cached_read,
    first_of_all,
    last_of_all,
    service_cost,
)
PREDICT = (predict_cnn, predict_cnn_long, predict_deep, predict_deep_long, predict_residual)


def main() -> None:
    chosen = choose(sys.argv[1:])
    print(f"{'name':<22}{'ours':>12}{'reference':>12}{'ratio':>9}   spread")
    for benchmark in chosen:
        print(f"{benchmark.__name__:<22}", end="", flush=True)
        result = benchmark()
        keep(result)
        low, high = result["spread"]
        figures = f"{result['ours']:>9.3g} {result['unit']:<2}{result['reference']:>9.3g} {result['unit']:<2}"
        print(f"{figures}{result['ratio']:>9.1f}   {low:.1f} .. {high:.1f}", flush=True)


def choose(names: list[str]) -> list:
    """The benchmarks of these names; without a name the quick ones."""
    if names == ["predict"]:
        return list(PREDICT)
    known = {benchmark.__name__: benchmark for benchmark in (*QUICK, *PREDICT)}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"{unknown[0]!r} is no benchmark; choose from {', '.join(known)}, or predict")
    return [known[name] for name in names] or list(QUICK)


def keep(result: dict) -> None:
    """Put a result in place of an older one of its name."""
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    others = [entry for entry in kept if entry["name"] != result["name"]]
    RESULTS.write_text(json.dumps([*others, result], indent=1) + "\n")


if __name__ == "__main__":
    main()
