"""How fast networks train: seconds for an epoch of full size, with validation.

The seed networks run against the reference loop on all threads; the other networks against plain torch
without that loop's own costs. Where an epoch takes long, a share of it is timed, with the same share of
the validation.
"""

import os

from tests.benchmarks.sides import FULL_SIZE, compare

THREADS = os.cpu_count() or 1


def cnn_epoch_one_thread(runs: int = 5) -> dict:
    """Seed CNN: one thread against the reference loop on all."""
    return compare("cnn_epoch_one_thread", "cnn", 1, THREADS, (FULL_SIZE, FULL_SIZE), runs)


def cnn_two_workers(runs: int = 5) -> dict:
    """Seed CNN: two one-thread workers together, half of their seconds, against the reference loop."""
    return compare("cnn_two_workers", "cnn", 2, THREADS, (FULL_SIZE, FULL_SIZE), runs)


def cnn_max_average(runs: int = 5) -> dict:
    """One layer, motif 11, 128 filters, batch normalisation, max+average: one thread on either side."""
    return compare("cnn_max_average", "wide", 1, 1, (FULL_SIZE // 2, FULL_SIZE // 8), runs)


def cnn_deep(runs: int = 5) -> dict:
    """Three layers of 64, 96, 128 filters, kernels 7, 5, 3, the rest as above."""
    return compare("cnn_deep", "deep", 1, 1, (FULL_SIZE // 16, FULL_SIZE // 16), runs)


def cnn_residual(runs: int = 5) -> dict:
    """96 filters of 7, a residual block of three convolutions, windows; batches of 128: the same."""
    return compare("cnn_residual", "residual", 1, 1, (FULL_SIZE // 16, FULL_SIZE // 32), runs)


def rnn_two_workers(runs: int = 5) -> dict:
    """Seed RNN: two one-thread workers together against the reference loop on all threads."""
    return compare("rnn_two_workers", "rnn", 2, THREADS, (FULL_SIZE // 16, FULL_SIZE // 16), runs)


def bilstm_two_workers(runs: int = 5) -> dict:
    """A bidirectional LSTM of 128 on the one-hot bases, averaged: the same, against plain torch."""
    return compare("bilstm_two_workers", "bilstm", 2, THREADS, (FULL_SIZE // 16, FULL_SIZE // 16), runs)
