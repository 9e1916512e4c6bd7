"""The fast training learns what the reference loop learns: same data and config, several seeds."""

import numpy as np
import pytest
import torch

from data_io.experiments import Experiment
from data_io.training_set import load_training_set
from models.cnn import CNNConfig
from models.config import TrainingConfig
from models.trainer import Trainer
from tests.benchmarks.reference import CNN, Loop
from tests.support.training import fit

SEEDS, EPOCHS, BATCH = range(4), 15, 64


@pytest.fixture(scope="module")
def data(simulated):
    return load_training_set(simulated, Experiment("RNCMPT90001", "", ""), "seeded-shuffle")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def ours(data, seed):
    training = TrainingConfig(batch_size=BATCH, epochs=EPOCHS, averaging=0.0)
    return fit(Trainer("cnn", CNNConfig(), training, data, seed, device="cpu"))[-1].spearman


def theirs(data, seed):
    torch.manual_seed(seed)
    loop = Loop(CNN(), data, BATCH)
    return [loop.epoch() for _ in range(EPOCHS)][-1]


def test_validation_spearman_agrees_within_the_noise_of_the_seeds(data):
    scores = np.array([[side(data, seed) for seed in SEEDS] for side in (ours, theirs)])
    noise = np.sqrt((scores.var(axis=1, ddof=1) / len(SEEDS)).sum())
    means = scores.mean(axis=1)
    assert (means > 0.2).all(), "both must have learned something, or agreement says nothing"
    assert abs(means[0] - means[1]) < 3 * noise + 0.01, scores
