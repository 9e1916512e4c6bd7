"""Two sides that take turns: processes that train an epoch when told to, ours and the reference's.

Taking turns within one run, what else the machine does falls on both sides. Each process has its own
number of threads. Run as a program, this file is such a process.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[0] = str(REPOSITORY)  # where this file is run as a program

from tests.benchmarks.reading import PROTEIN, full_size_data, summarise  # noqa: E402
from tests.benchmarks.variants import RESIDUAL  # noqa: E402

FULL_SIZE = 96_261  # training probes; a quarter as many are for validation

# What each network is: for the trainer (architecture, its config, its training), and for the reference loop.
WIDE = {
    "motif_length": 11,
    "filters": 128,
    "pooling": "max+average",
    "batch_norm": True,
    "hidden": 64,
    "dropout": 0.2,
}
DEEP = {**WIDE, "motif_length": 7, "filters": 64, "layers": 3, "hidden": 128}
BILSTM = {"convolution": False, "lstm_layers": 1, "bidirectional": True, "readout": "mean", "dropout": 0.2}
_OPTIONS = {name: value for name, value in RESIDUAL.items() if name not in ("motif_length", "filters")}
OURS = {
    "cnn": ("cnn", {}, 256),
    "wide": ("cnn", WIDE, 256),
    "deep": ("cnn", DEEP, 256),
    "residual": ("cnn", RESIDUAL, 128),
    "rnn": ("rnn", {}, 512),
    "bilstm": ("rnn", BILSTM, 512),
}
THEIRS = {
    "cnn": ("CNN", {}, 256, True),
    "wide": ("ConvNet", {"kernels": [11], "filters": [128], "hidden": 64}, 256, False),
    "deep": ("ConvNet", {"kernels": [7, 5, 3], "filters": [64, 96, 128], "hidden": 128}, 256, False),
    "residual": ("ConvNet", {**_OPTIONS, "kernels": [7], "filters": [96]}, 128, False),
    "rnn": ("RNN", {}, 512, True),
    "bilstm": ("BiLSTM", {}, 512, False),
}


class Side:
    """A process that trains an epoch on `probes` probes when told to."""

    def __init__(self, side: str, network: str, threads: int, probes: int) -> None:
        command = [sys.executable, __file__, side, network, str(threads), str(probes)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self) -> None:
        self._process.stdin.write("epoch\n")
        self._process.stdin.flush()

    def seconds(self) -> float:
        return float(self._process.stdout.readline())

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.stdin.close()
        self._process.wait()


def compare(name: str, network: str, workers: int, threads: int, probes: tuple[int, int], runs: int) -> dict:
    """Compare the seconds that an epoch takes, as medians of `runs` pairs after one that warms up.

    Parameters
    ----------
    name : str
        Of the result.
    network : str
        A key of `OURS` and `THEIRS`.
    workers : int
        One-thread processes of ours that train at once, one network each.
    threads : int
        Of the one process of the reference.
    probes : tuple of int
        Training probes in an epoch of ours and of the reference; the results are scaled to full size.
    runs : int
    """
    full_size_data()
    with ExitStack() as stack:
        ours = [stack.enter_context(Side("ours", network, 1, probes[0])) for _ in range(workers)]
        theirs = [stack.enter_context(Side("reference", network, threads, probes[1]))]
        pairs = [(_seconds(ours) / workers, _seconds(theirs)) for _ in range(runs + 1)][1:]
    scaled = [(ours * FULL_SIZE / probes[0], theirs * FULL_SIZE / probes[1]) for ours, theirs in pairs]
    return summarise(name, scaled)


def _seconds(sides: list[Side]) -> float:
    """Let processes train an epoch at once; the seconds that the last of them takes."""
    for side in sides:
        side.start()
    return max(side.seconds() for side in sides)


def load(probes: int) -> SimpleNamespace:
    """The first probes of the full-size training set, and a quarter as many of its validation set."""
    from data_io.experiments import read_master_sheet, resolve
    from data_io.folder import find_sheet
    from data_io.training_set import Examples, load_training_set

    folder = full_size_data()
    experiment = resolve(PROTEIN, read_master_sheet(find_sheet(folder)))
    data = load_training_set(folder, experiment, "seeded-shuffle", folder / "cache")
    train, validation = (
        Examples(part.codes[:count], part.targets[:count])
        for part, count in ((data.train, probes), (data.validation, probes // 4))
    )
    return SimpleNamespace(train=train, validation=validation, fingerprint=data.fingerprint)


def our_epoch(network: str, probes: int) -> Callable[[], object]:
    """The epoch of a search's worker."""
    from models.config import TrainingConfig
    from models.registry import get_architecture
    from models.trainer import Trainer

    architecture, options, batch_size = OURS[network]
    config = get_architecture(architecture).config(**options)
    training = TrainingConfig(batch_size=batch_size, epochs=10_000, averaging=0.0)
    return Trainer(architecture, config, training, load(probes), seed=0, device="cpu").run_epoch


def reference_epoch(network: str, probes: int) -> Callable[[], object]:
    """The epoch of the reference loop."""
    import torch

    from tests.benchmarks import reference

    name, options, batch_size, collate = THEIRS[network]
    torch.manual_seed(0)
    model = getattr(reference, name)(**options)
    return reference.Loop(model, load(probes), batch_size, collate=collate).epoch


def main() -> None:
    import torch

    side, network, threads, probes = sys.argv[1:]
    torch.set_num_threads(int(threads))
    epoch = (our_epoch if side == "ours" else reference_epoch)(network, int(probes))
    for _ in sys.stdin:
        start = time.perf_counter()
        epoch()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
