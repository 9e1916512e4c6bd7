"""How long it takes to read one protein's probes, all splits, against the reference loader.

Each measurement is a process of its own, which reports its time (imports left out) and its peak memory. The
matrix of about 580 MB is simulated once, kept in RBPTUNE_BENCH_DATA (default: a folder of the system's
temporary directory), and lies in the page cache when the clock starts, for both sides alike.
"""

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS, EXPERIMENTS = 241_357, 244
PROTEIN = "SIM100"
REPOSITORY = Path(__file__).resolve().parents[2]


def first_read(runs: int = 5) -> dict[str, object]:
    """Read the file for the first time: master sheet, training, validation and test set, cache written."""
    data = full_size_data()
    warm(data)
    pairs, memory = [], 0.0
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            ours = measure("ours", data, Path(cache))
        memory = max(memory, ours["peak_mb"])
        pairs.append((ours["seconds"], measure("reference", data)["seconds"]))
    return {**summarise("first_read", pairs), "peak_memory_mb": round(memory)}


def cached_read(runs: int = 5) -> dict[str, object]:
    """Read the same protein again; the reference keeps nothing, so its time is taken once."""
    data = full_size_data()
    warm(data)
    reference = measure("reference", data)["seconds"]
    with tempfile.TemporaryDirectory() as cache:
        measure("ours", data, Path(cache))
        pairs = [(measure("ours", data, Path(cache))["seconds"], reference) for _ in range(runs)]
    return summarise("cached_read", pairs)


def summarise(name: str, pairs: list[tuple[float, float]]) -> dict[str, object]:
    """Medians of seconds, the median of the ratios of pairs, and the lowest and highest ratio."""
    ratios = [reference / ours for ours, reference in pairs]
    return {
        "name": name,
        "ours": statistics.median(ours for ours, _ in pairs),
        "reference": statistics.median(reference for _, reference in pairs),
        "ratio": statistics.median(ratios),
        "unit": "s",
        "spread": [min(ratios), max(ratios)],
    }


def bench_folder() -> Path:
    """Where the benchmarks keep what takes long to make."""
    return Path(os.environ.get("RBPTUNE_BENCH_DATA") or Path(tempfile.gettempdir()) / "rbptune-bench")


def full_size_data() -> Path:
    """Simulate the whole array once: its real probes where their design is at hand, random ones otherwise."""
    from data_io.simulate import PLANTED, simulate

    folder = bench_folder()
    if not (folder / PLANTED).exists():
        measured = os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data"
        design = Path(measured) / "probe_design.tsv.gz"
        if design.exists():
            simulate(folder, design=design, experiments=EXPERIMENTS)
        else:
            simulate(folder, probes=ROWS, experiments=EXPERIMENTS)
    return folder


def warm(data: Path) -> None:
    """Bring the matrix into the page cache."""
    with (data / "norm_data.txt").open("rb") as file:
        while file.read(1 << 24):
            pass


def measure(side: str, data: Path, cache: Path | None = None) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, __file__, side, str(data), *([str(cache)] if cache else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def read_ours(data: Path, cache: Path) -> None:
    from data_io.experiments import read_master_sheet, resolve
    from data_io.folder import find_sheet
    from data_io.sealed import open_test_set
    from data_io.training_set import load_training_set

    experiment = resolve(PROTEIN, read_master_sheet(find_sheet(data)))
    training = load_training_set(data, experiment, "seeded-shuffle", cache)
    open_test_set(data, experiment, training.scaling, cache)


def read_reference(data: Path) -> None:
    from reference_loader import load_reference

    for split in ("train", "val", "test"):
        load_reference(data, PROTEIN, split)


def peak_memory() -> float:
    """Megabytes; ru_maxrss alone would count what the parent held when it started this process."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    side, *folders = sys.argv[1:]
    ours = ("data_io.sealed", "data_io.cells", "scipy.linalg")  # numba imports the last where it is installed
    for module in ("openpyxl", *(ours if side == "ours" else ("reference_loader",))):
        importlib.import_module(module)
    start = time.perf_counter()
    (read_ours if side == "ours" else read_reference)(*map(Path, folders))
    seconds = time.perf_counter() - start
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": seconds, "cpu": cpu.ru_utime + cpu.ru_stime, "peak_mb": peak_memory()}))


if __name__ == "__main__":
    main()
