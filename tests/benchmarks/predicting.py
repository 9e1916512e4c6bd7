"""How fast sequences are scored, from the file to the table, against plain torch with the same network.

The plain side reads records line by line, one-hot encodes batches of 2,048 and gives them to `nn.Conv1d`; a
long sequence it cuts into windows of 41. Both have one thread and an ensemble of three members, as exports
have. Each measurement is a process of its own, which reports its processor time (imports and a first small
file left out) and its peak memory. What takes the plain side long it does for a share of the sequences, and
the seconds are scaled.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[0] = str(REPOSITORY)  # where this file is run as a program

from tests.benchmarks.reading import bench_folder, summarise  # noqa: E402
from tests.benchmarks.sides import OURS, THEIRS  # noqa: E402

MEMBERS, BATCH = 3, 2048
SHORT, LONG = 1_000_000, 10_000_000  # sequences of 41; letters of one sequence
SEED = ("ConvNet", {"kernels": [24], "filters": [64], "hidden": 32, "batch_norm": False, "pooling": "max"})


def predict_cnn(runs: int = 3) -> dict:
    """Seed CNN, a million sequences of 41."""
    return compare("predict_cnn", "cnn", "short", SHORT, SHORT // 40, runs)


def predict_cnn_long(runs: int = 3) -> dict:
    """Seed CNN, one sequence of ten million letters."""
    return compare("predict_cnn_long", "cnn", "long", LONG, LONG // 400, runs)


def predict_deep(runs: int = 3) -> dict:
    """Three layers of 64, 96, 128 filters, kernels 7, 5, 3; a tenth of a million sequences of 41."""
    return compare("predict_deep", "deep", "short", SHORT // 10, SHORT // 100, runs)


def predict_deep_long(runs: int = 3) -> dict:
    """The same network, one sequence of a million letters."""
    return compare("predict_deep_long", "deep", "long", LONG // 10, LONG // 1000, runs)


def predict_residual(runs: int = 3) -> dict:
    """A residual network pooled by windows, which pads; a tenth of a million sequences of 41."""
    return compare("predict_residual", "residual", "short", SHORT // 10, SHORT // 100, runs)


def compare(name: str, network: str, kind: str, ours: int, theirs: int, runs: int) -> dict:
    """Compare the seconds for `ours` sequences or letters, as medians of `runs` pairs in turns."""
    pairs, memory = [], 0.0
    few = measure("ours", network, kind, ours // 10)["peak_mb"]
    for _ in range(runs):
        mine = measure("ours", network, kind, ours)
        memory = max(memory, mine["peak_mb"])
        pairs.append((mine["seconds"], measure("plain", network, kind, theirs)["seconds"] * ours / theirs))
    rate = round(ours / float(np.median([seconds for seconds, _ in pairs])))
    memories = {"peak_memory_mb": round(memory), "peak_memory_of_a_tenth_mb": round(few)}
    return {**summarise(name, pairs), "a_second": rate, **memories}


def measure(side: str, network: str, kind: str, count: int) -> dict[str, float]:
    """Run one side in a fresh process."""
    command = [sys.executable, __file__, side, network, str(file_of(kind, count))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def file_of(kind: str, count: int) -> Path:
    """A FASTA file of random letters, made once: `count` sequences of 41, or one of `count` letters."""
    path = bench_folder() / "sequences" / f"{kind}-{count}.fa"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (count, 41) if kind == "short" else (-(-count // 60), 60)
        letters = np.frombuffer(b"ACGU", np.uint8)[np.random.default_rng(0).integers(0, 4, shape)]
        rows = [row.tobytes() for row in letters]
        with path.open("wb") as file:
            if kind == "short":
                file.writelines(b">probe_%d\n%s\n" % (number, row) for number, row in enumerate(rows))
            else:
                file.write(b">long\n" + b"\n".join(rows)[: count + count // 60] + b"\n")
    return path


def ours(network: str, path: Path, folder: Path) -> None:
    """The command, as a user gives it but with one thread."""
    from search.results.predicting import predict_file

    predict_file(model_of(network, folder), path, folder / "scores.tsv", jobs=1)


def model_of(network: str, folder: Path) -> Path:
    """An export of random weights."""
    import torch

    from models.registry import get_architecture
    from models.weights import save_model

    name, options, _ = OURS[network]
    architecture = get_architecture(name)
    config = architecture.config(**options)
    torch.manual_seed(0)
    members = [architecture.build(config).state_dict() for _ in range(MEMBERS)]
    extra = {"training_quantiles": np.linspace(-1, 1, 201).tolist()}
    save_model(folder / "model", name, [config] * MEMBERS, members, extra)
    return folder / "model"


def plain(network: str, path: Path, folder: Path) -> None:
    """The same in plain torch."""
    import torch

    from tests.benchmarks import reference

    name, options = SEED if network == "cnn" else THEIRS[network][:2]
    members = [getattr(reference, name)(**options).eval() for _ in range(MEMBERS)]
    table = torch.zeros(256, 4)
    table[torch.tensor(list(b"ACGU"))] = torch.eye(4)

    def scores(windows: torch.Tensor) -> torch.Tensor:
        parts = windows.split(BATCH)
        with torch.inference_mode():
            return torch.cat(
                [torch.stack([member(x).squeeze(1) for member in members]).mean(0) for x in parts]
            )

    with (folder / "scores.tsv").open("w") as out:
        for name, sequence in records(path):
            hot = table[torch.frombuffer(bytearray("".join(sequence), "ascii"), dtype=torch.uint8).long()]
            if isinstance(sequence, list):
                found = scores(hot.view(-1, 41, 4)).tolist()
                out.writelines(f"{each}\t41\t{score:.6g}\n" for each, score in zip(name, found, strict=True))
            else:
                found = scores(hot.unfold(0, 41, 1).transpose(1, 2))
                out.write(f"{name}\t{len(sequence)}\t{found.max():.6g}\t{found.argmax() + 1}\n")


def records(path: Path):
    """Batches of sequences of 41 letters with their names, or a longer sequence."""
    names, sequences, lines = [], [], []
    with path.open() as file:
        for line in file:
            if line.startswith(">"):
                sequences += ["".join(lines)] if lines else []
                if len(sequences) == BATCH:
                    yield names, sequences
                    names, sequences = [], []
                names.append(line[1:].split()[0])
                lines = []
            else:
                lines.append(line.strip())
    sequences.append("".join(lines))
    yield (names, sequences) if len(sequences[0]) == 41 else (names[0], sequences[0])


def main() -> None:
    import torch

    torch.set_num_threads(1)
    side, network, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    run = {"ours": ours, "plain": plain}[side]
    with tempfile.TemporaryDirectory() as folder:
        first = Path(folder, "first.fa")
        first.write_text(f">a\n{'ACGU' * 50}\n>b\nACGU\n" if side == "ours" else f">a\n{'ACGU' * 50}\n")
        run(network, first, Path(folder))
        start = time.process_time()
        run(network, path, Path(folder))
        seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))


if __name__ == "__main__":
    main()
