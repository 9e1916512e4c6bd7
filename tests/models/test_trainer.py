import dataclasses
import math

import numpy as np
import pytest
import torch

from data_io.errors import DataError
from data_io.training_set import Examples
from models.cnn import CNNConfig
from models.config import TrainingConfig
from models.interruption import Interrupted
from models.metrics import pearson, spearman
from models.predict import predict
from models.randomness import Use, generator_of
from models.rnn import RNNConfig
from models.trainer import Trainer
from tests.support.training import BY_NAME, fit

SMALL_RNN = RNNConfig(motif_length=6, filters=8, lstm_hidden=8, hidden=8)
ARCHITECTURES = pytest.mark.parametrize(
    ("architecture", "network"),
    [
        ("cnn", CNNConfig(motif_length=6, filters=8, hidden=8)),
        ("cnn", CNNConfig(motif_length=6, filters=16, layers=2, pooling="max+average", batch_norm=True)),
        ("cnn", CNNConfig(motif_length=6, filters=8, residual=2, pooling="windows", block_dropout=0.1)),
        ("rnn", SMALL_RNN),
        ("rnn", dataclasses.replace(SMALL_RNN, convolution=False, bidirectional=True, readout="mean")),
    ],
)


def figures(report):
    return dataclasses.replace(report, seconds=0.0)


def curve_of(trainer):
    return [figures(report) for report in trainer.curve]


@ARCHITECTURES
def test_same_seed_same_figures(small_trainer, architecture, network):
    first, second = (small_trainer(7, network, architecture, epochs=2) for _ in range(2))
    fit(first)
    torch.manual_seed(99)  # the process's random state has no part in it
    fit(second)
    assert curve_of(first) == curve_of(second)
    assert all((first.best_weights()[name] == value).all() for name, value in second.best_weights().items())


@ARCHITECTURES
def test_trainers_that_take_turns_do_not_disturb_each_other(small_trainer, architecture, network):
    alone = [curve_of_fit(small_trainer(seed, network, architecture, epochs=2)) for seed in (1, 2)]
    together = [small_trainer(seed, network, architecture, epochs=2) for seed in (1, 2)]
    for _ in range(2):
        for trainer in together:
            trainer.run_epoch()
    assert [curve_of(trainer) for trainer in together] == alone


def curve_of_fit(trainer):
    fit(trainer)
    return curve_of(trainer)


def test_a_trainer_leaves_the_process_random_state_as_it_was(small_trainer):
    torch.manual_seed(5), np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    small_trainer().run_epoch()
    assert (torch.get_rng_state() == before[0]).all()
    assert (np.random.get_state()[1] == before[1]).all()


def test_other_seed_other_figures(small_trainer):
    assert curve_of_fit(small_trainer(1, epochs=1)) != curve_of_fit(small_trainer(2, epochs=1))


@pytest.mark.parametrize(
    ("architecture", "network"),
    [
        ("cnn", CNNConfig(motif_length=6, filters=8, hidden=16)),
        (
            "cnn",
            CNNConfig(
                motif_length=6, filters=16, layers=2, filters_2=16, pooling="max+average", batch_norm=True
            ),
        ),
        ("rnn", RNNConfig(motif_length=6, filters=16, lstm_hidden=16, lstm_layers=1, readout="max")),
    ],
)
def test_a_planted_motif_is_learned(data_of, architecture, network):
    network = dataclasses.replace(network, dropout=0.1)
    training = TrainingConfig(epochs=6, batch_size=64, learning_rate=5e-3)
    curve = fit(Trainer(architecture, network, training, data_of(2500, 800), 2))
    assert max(report.spearman for report in curve) > 0.5
    assert curve[-1].train_loss < 0.7 * curve[0].train_loss


def test_a_report_holds_the_figures_of_the_whole_validation_split(small_trainer, data):
    trainer = small_trainer(averaging=0.0)
    report = trainer.run_epoch()
    prediction, target = predict(trainer.model, data.validation.codes), data.validation.targets
    measured = ~np.isnan(target)
    assert report.spearman == pytest.approx(spearman(prediction, target), abs=1e-9)
    assert report.pearson == pytest.approx(pearson(prediction, target), abs=1e-6)
    assert report.validation_loss == pytest.approx(np.mean((prediction - target)[measured] ** 2), rel=1e-5)
    assert (report.epoch, report.constant, report.diverged) == (1, False, False)
    assert report.seconds > 0


@pytest.mark.parametrize(
    ("batch_size", "loss"),
    [(299, "mean_square"), (64, "mean_square"), (7, "mean_square"), (1000, "mean_square"), (64, "log_cosh")],
)
def test_an_epoch_is_one_pass_of_adam_over_all_measured_probes(data, batch_size, loss):
    """With dropout off, an epoch equals the plain loop over the same order of probes."""
    network = CNNConfig(motif_length=6, filters=8, hidden=8, dropout=0.0)
    training = TrainingConfig(
        batch_size=batch_size, weight_decay=1e-3, schedule="cosine", epochs=2, loss=loss
    )
    trainer, oracle = (Trainer("cnn", network, training, data, 3, device="cpu") for _ in range(2))
    probes = oracle._train.shuffled(generator_of(3, 1, Use.ORDER))
    codes, targets = probes.codes, probes.targets
    assert len(targets) == np.isfinite(data.train.targets).sum()
    adam = torch.optim.Adam(oracle.model.parameters(), weight_decay=1e-3)
    steps, squares = math.ceil(len(targets) / batch_size), []
    for step in range(steps):
        adam.param_groups[0]["lr"] = 1e-3 * 0.5 * (1 + math.cos(math.pi * step / (2 * steps)))
        batch = slice(step * batch_size, (step + 1) * batch_size)
        adam.zero_grad()
        error = oracle.model(codes[batch]) - targets[batch]
        squares.append(error.detach().square())  # reported, whatever the loss
        BY_NAME[loss](error).mean().backward()
        adam.step()
    report = trainer.run_epoch()
    assert report.train_loss == pytest.approx(float(torch.cat(squares).mean()), rel=1e-4)
    for name, value in oracle.model.state_dict().items():
        torch.testing.assert_close(trainer.model.state_dict()[name], value, rtol=1e-3, atol=1e-5)


def test_missing_probes_change_nothing(data, small_trainer):
    kept = [~np.isnan(examples.targets) for examples in (data.train, data.validation)]
    train, validation = (
        Examples(examples.codes[rows], examples.targets[rows])
        for examples, rows in zip((data.train, data.validation), kept, strict=True)
    )
    dense = dataclasses.replace(data, train=train, validation=validation)
    assert 0 < kept[0].mean() < 1
    assert curve_of_fit(small_trainer(epochs=2)) == curve_of_fit(small_trainer(epochs=2, on=dense))


def test_training_can_halt_between_epochs_and_ends_after_the_last(small_trainer):
    trainer = small_trainer(epochs=4)
    seen = [trainer.run_epoch() for _ in range(2)]
    assert seen == trainer.curve
    assert [report.epoch for report in seen] == [1, 2]
    assert not trainer.finished
    assert len(fit(trainer)) == 4
    assert trainer.finished
    with pytest.raises(RuntimeError, match="after epoch 4"):
        trainer.run_epoch()


def test_the_best_weights_are_those_of_the_best_epoch(small_trainer, data):
    trainer = small_trainer(epochs=8, learning_rate=0.03, averaging=0.0)
    assert trainer.best == (0, 0.0)
    kept = {}
    while not trainer.finished:
        report = trainer.run_epoch()
        kept[report.epoch] = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    best = max(trainer.curve, key=lambda report: report.spearman)
    assert trainer.best == (best.epoch, best.spearman)
    assert 1 < best.epoch < 8, "choose a learning rate at which the best epoch lies within"
    assert all((trainer.best_weights()[name] == value).all() for name, value in kept[best.epoch].items())
    trainer.model.load_state_dict(trainer.best_weights())
    assert spearman(predict(trainer.model, data.validation.codes), data.validation.targets) == best.spearman


def test_a_loss_that_is_not_finite_ends_the_training(small_trainer):
    trainer = small_trainer()
    trainer.run_epoch()
    best = trainer.best
    with torch.no_grad():
        trainer.model.head.fc2.bias.fill_(torch.nan)
    report = trainer.run_epoch()
    assert report.diverged
    assert not report.constant
    assert (report.spearman, report.pearson) == (0.0, 0.0)
    assert trainer.finished
    assert trainer.best == best
    assert all(value.isfinite().all() for value in trainer.best_weights().values())


def test_training_that_diverges_by_itself_is_told(small_trainer, data):
    data.train.targets[0] = 3e38  # its squared error overflows
    assert small_trainer().run_epoch().diverged


def test_a_constant_prediction_is_told_and_scores_zero(small_trainer):
    trainer = small_trainer(learning_rate=1e-7, averaging=0.0)
    with torch.no_grad():
        trainer.model.head.fc1.weight.zero_()
        trainer.model.head.fc1.bias.fill_(-1.0)
    report = trainer.run_epoch()
    assert report.constant
    assert not report.diverged
    assert (report.spearman, report.pearson) == (0.0, 0.0)


def test_a_batch_of_one_probe_is_trained_on_with_batch_normalisation(small_trainer, data):
    measured = int(np.isfinite(data.train.targets).sum())
    network = CNNConfig(motif_length=41, filters=8, batch_norm=True)
    report = small_trainer(network=network, batch_size=measured - 1).run_epoch()
    assert not report.diverged


def test_unwanted_training_stops_within_an_epoch_and_can_be_restored(small_trainer, monkeypatch):
    monkeypatch.setattr("models.interruption.CHECK_INTERVAL", 0.0)
    trainer = small_trainer()
    blob, asked = trainer.checkpoint(), []

    def wanted():
        asked.append(True)
        return len(asked) < 2

    with pytest.raises(Interrupted):
        trainer.run_epoch(wanted)
    assert len(asked) == 2
    assert trainer.epoch == 0
    for forbidden in (trainer.run_epoch, trainer.checkpoint):
        with pytest.raises(RuntimeError, match="interrupted"):
            forbidden()
    trainer.restore(blob)
    assert figures(trainer.run_epoch(lambda: True)) == figures(small_trainer().run_epoch())


def test_whether_training_is_wanted_is_not_asked_at_every_step(small_trainer, monkeypatch):
    monkeypatch.setattr("models.interruption.CHECK_INTERVAL", 1e9)
    asked = []
    small_trainer().run_epoch(lambda: not asked.append(True))
    assert len(asked) == 1


@pytest.mark.parametrize("split", ["train", "validation"])
def test_too_few_measured_probes_are_refused(small_trainer, data, split):
    getattr(data, split).targets[1:] = np.nan
    with pytest.raises(DataError, match=r"^(training|validation) split: 1 measured, at least 2"):
        small_trainer()
