"""What the ablation changes in a training run does what it says, and no more."""

from __future__ import annotations

import pytest
import torch

from data_io.alphabet import PAD, WIDTH, N
from models.cnn import CNN, CNNConfig
from models.examples import ExampleTensors
from tests.benchmarks.changes import AUGMENTATIONS, PARALLEL, Changed, make_parallel

CODES = torch.randint(0, 4, (500, WIDTH), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
CODES[torch.arange(WIDTH) >= torch.arange(35, 40).repeat(100)[:, None]] = PAD


@pytest.mark.parametrize(("change", "share"), [("mask", 0.03), ("mutate", 0.015)])
def test_some_bases_are_changed_and_no_padding(change: str, share: float) -> None:
    changed = AUGMENTATIONS[change](CODES, torch.Generator().manual_seed(1))
    bases = CODES < 4
    assert changed.dtype == CODES.dtype
    assert torch.equal(changed[~bases], CODES[~bases])
    assert (changed != CODES)[bases].float().mean().item() == pytest.approx(share, abs=0.004)
    assert set(changed[changed != CODES].tolist()) <= ({N} if change == "mask" else {0, 1, 2, 3})


def test_probes_are_shifted_by_one_base_at_most() -> None:
    moved = AUGMENTATIONS["shift"](CODES, torch.Generator().manual_seed(1))
    padding = torch.full((len(CODES), 1), PAD, dtype=CODES.dtype)
    shifts = {
        -1: torch.cat([CODES[:, 1:], padding], dim=1),
        0: CODES,
        1: torch.cat([padding, CODES[:, :-1]], dim=1),
    }
    found = {by: int((rows == moved).all(dim=1).sum()) for by, rows in shifts.items()}
    assert sum(found.values()) == len(CODES)
    assert min(found.values()) > 100


def test_targets_stay_with_their_probes() -> None:
    probes = Changed(CODES, CODES[:, 0].float(), lambda codes, _: codes)
    shuffled = probes.shuffled(torch.Generator().manual_seed(1))
    assert type(shuffled) is ExampleTensors
    assert torch.equal(shuffled.codes[:, 0].float(), shuffled.targets)
    assert not torch.equal(shuffled.codes, CODES)


def test_motif_detectors_of_several_lengths_keep_them() -> None:
    network = CNN(CNNConfig(motif_length=11, filters=6, pooling="windows"))
    weight = network.convolutions.motifs.weight
    make_parallel(weight)
    network(CODES[:8]).sum().backward()
    assert weight.grad is not None
    for tensor in (weight.detach(), weight.grad):
        used = (tensor != 0).any(dim=1).sum(dim=1)
        assert used.tolist() == [length for length in PARALLEL for _ in range(2)]
