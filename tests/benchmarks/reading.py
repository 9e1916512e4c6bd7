"""How long it takes to read one protein's probes, all splits, and those of all, against the reference loader.

Each measurement is a process of its own, which reports its time (imports left out) and its peak memory. The
matrix of about 580 MB is simulated once, kept in RBPTUNE_BENCH_DATA (default: a folder of the system's
temporary directory), and lies in the page cache when the clock starts, for both sides alike.
"""

import gzip
import importlib
import json
import os
import resource
import shutil
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


def first_of_all(runs: int = 3) -> dict[str, object]:
    """Read the compressed file for all 244 experiments until the first study can begin.

    The reference is the notebook's loader, which reads the file for this one study, thrice.
    """
    return _of_all(runs, "first_of_all", "first")


def last_of_all(runs: int = 3) -> dict[str, object]:
    """The same until the last of the 244 can begin: read, split, scaled, and its test set judged.

    The reference is the same, too: when the notebook has its first.
    """
    return _of_all(runs, "last_of_all", "last")


def _of_all(runs: int, name: str, moment: str) -> dict[str, object]:
    data = compressed_data()
    warm(data)
    pairs, memory = [], 0.0
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            ours = measure("all", data, Path(cache))
        memory = max(memory, ours["peak_mb"])
        pairs.append((ours[moment], measure("reference", data)["seconds"]))
    return {**summarise(name, pairs), "peak_memory_mb": round(memory)}


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


def compressed_data() -> Path:
    """The same data, compressed as the published file is; made once."""
    plain, folder = full_size_data(), bench_folder() / "compressed"
    folder.mkdir(exist_ok=True)
    if not (folder / "metadata.xlsx").exists():
        target = folder / "norm_data.txt.gz"
        with (
            (plain / "norm_data.txt").open("rb") as matrix,
            gzip.open(target, "wb", compresslevel=6) as packed,
        ):
            shutil.copyfileobj(matrix, packed, 1 << 22)
        shutil.copyfile(plain / "metadata.xlsx", folder / "metadata.xlsx")  # last: where it is, all is there
    return folder


def warm(data: Path) -> None:
    """Bring the matrix into the page cache."""
    with next(data.glob("norm_data.txt*")).open("rb") as file:
        while file.read(1 << 24):
            pass


def measure(side: str, data: Path, cache: Path | None = None) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, __file__, side, str(data), *([str(cache)] if cache else [])]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def read_ours(data: Path, cache: Path) -> dict[str, float]:
    from data_io.experiments import read_master_sheet, resolve
    from data_io.folder import find_sheet
    from data_io.sealed import open_test_set
    from data_io.training_set import load_training_set

    experiment = resolve(PROTEIN, read_master_sheet(find_sheet(data)))
    training = load_training_set(data, experiment, "seeded-shuffle", cache)
    open_test_set(data, experiment, training.scaling, cache)
    return {}


def read_all(data: Path, cache: Path) -> dict[str, float]:
    """What a launch of all experiments reads, and when the first and the last could begin."""
    from data_io.experiments import read_master_sheet
    from data_io.folder import find_sheet
    from data_io.rnacompete import prepare_matrix
    from data_io.testable import require_test_set
    from data_io.training_set import load_training_set

    start, ready = time.perf_counter(), []
    experiments = read_master_sheet(find_sheet(data))
    prepare_matrix(data, [experiment.motif_id for experiment in experiments], cache)
    for experiment in experiments:
        load_training_set(data, experiment, "grouped", cache)
        require_test_set(data, experiment, cache)
        ready.append(time.perf_counter() - start)
    return {"first": ready[0], "last": ready[-1]}


def read_reference(data: Path) -> dict[str, float]:
    from reference_loader import load_reference

    for split in ("train", "val", "test"):
        load_reference(data, PROTEIN, split)
    return {}


def peak_memory() -> float:
    """Megabytes; ru_maxrss alone would count what the parent held when it started this process."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


SIDES = {  # with what is imported before the clock starts
    "ours": (read_ours, ("openpyxl", "data_io.sealed")),
    "all": (read_all, ("openpyxl", "data_io.testable", "polars")),
    "reference": (read_reference, ("openpyxl", "reference_loader")),
}


def main() -> None:
    side, *folders = sys.argv[1:]
    read, modules = SIDES[side]
    for module in modules:
        importlib.import_module(module)
    start = time.perf_counter()
    moments = read(*map(Path, folders))
    seconds = time.perf_counter() - start
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    figures = {"seconds": seconds, "cpu": cpu.ru_utime + cpu.ru_stime, "peak_mb": peak_memory()}
    print(json.dumps({**figures, **moments}))


if __name__ == "__main__":
    main()
