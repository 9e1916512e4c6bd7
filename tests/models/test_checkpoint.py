import dataclasses

import numpy as np
import pytest
import torch

from data_io.errors import ModelError
from models import tensors
from models.cnn import CNNConfig
from models.rnn import RNNConfig
from tests.support.training import fit

NETWORKS = {
    "cnn": CNNConfig(motif_length=6, filters=16, layers=2, hidden=8, batch_norm=True, pooling="max+average"),
    "rnn": RNNConfig(motif_length=6, filters=8, lstm_hidden=8, hidden=8, bidirectional=True),
}


def state_of(trainer):
    return {
        "curve": [dataclasses.replace(report, seconds=0.0) for report in trainer.curve],
        "best": trainer.best,
        **{f"model.{name}": value.tolist() for name, value in trainer.model.state_dict().items()},
        **{f"best.{name}": value.tolist() for name, value in trainer.best_weights().items()},
        **{f"adam.{name}": value.tolist() for name, value in trainer.optimizer.state().items()},
    }


@pytest.mark.parametrize("architecture", NETWORKS)
@pytest.mark.parametrize("stop", [0, 1, 2, 3, 4])
def test_going_on_from_any_epoch_ends_bit_for_bit_as_an_undisturbed_run(small_trainer, architecture, stop):
    make = {"network": NETWORKS[architecture], "architecture": architecture, "schedule": "cosine"}
    undisturbed = small_trainer(3, **make)
    fit(undisturbed)
    first = small_trainer(3, **make)
    while first.epoch < stop:
        first.run_epoch()
    blob = first.checkpoint()
    torch.manual_seed(123)
    second = small_trainer(3, **make)
    second.restore(blob)
    assert state_of(second) == state_of(first)
    assert second.curve == first.curve
    fit(second)
    assert state_of(second) == state_of(undisturbed)


def test_restoring_twice_forgets_what_came_between(small_trainer):
    trainer = small_trainer()
    trainer.run_epoch()
    blob, state = trainer.checkpoint(), state_of(trainer)
    fit(trainer)
    trainer.restore(blob)
    assert state_of(trainer) == state
    assert trainer.checkpoint() == blob


def test_training_on_does_not_change_a_restored_best(small_trainer):
    trainer = small_trainer(epochs=2)
    trainer.run_epoch()
    blob = trainer.checkpoint()
    restored = small_trainer(epochs=2)
    restored.restore(blob)
    before = {name: value.clone() for name, value in restored.best_weights().items()}
    with torch.no_grad():
        for parameter in restored.model.parameters():
            parameter.add_(1.0)
    assert all((restored.best_weights()[name] == value).all() for name, value in before.items())


def test_a_finished_and_a_diverged_run_stay_finished(small_trainer):
    done = small_trainer(epochs=1)
    fit(done)
    again = small_trainer(epochs=1)
    again.restore(done.checkpoint())
    assert again.finished
    diverged = small_trainer()
    with torch.no_grad():
        diverged.model.head.fc2.bias.fill_(torch.nan)
    fit(diverged)
    again = small_trainer()
    again.restore(diverged.checkpoint())
    assert again.finished
    assert again.curve[0].diverged


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"seed": 2}, "seed = 2, this run has 1"),
        ({"epochs": 5}, "epochs = 5, this run has 4"),
        ({"learning_rate": 0.01}, "learning_rate = 0.01, this run has 0.001"),
        ({"network": CNNConfig(motif_length=6, filters=9, hidden=8)}, "filters = 9, this run has 8"),
        ({"network": NETWORKS["rnn"], "architecture": "rnn"}, "architecture = 'rnn', this run has 'cnn'"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(small_trainer, other, message):
    trainer = small_trainer()
    trainer.run_epoch()
    state = state_of(trainer)
    with pytest.raises(ModelError) as error:
        trainer.restore(small_trainer(**other).checkpoint())
    assert str(error.value) == f"checkpoint: of another training run: {message}"
    assert state_of(trainer) == state


def test_a_checkpoint_of_other_starting_weights_is_refused(small_trainer):
    first, other = (small_trainer(seed).weights() for seed in (2, 3))
    begun = small_trainer(start=first)
    begun.run_epoch()
    blob, state = begun.checkpoint(), state_of(begun)
    again = small_trainer(start=first)
    again.restore(blob)
    assert state_of(again) == state
    for trainer in (small_trainer(), small_trainer(start=other)):
        with pytest.raises(ModelError, match="checkpoint: of another training run: start = "):
            trainer.restore(blob)
        with pytest.raises(ModelError, match="checkpoint: of another training run: start = "):
            again.restore(trainer.checkpoint())
    assert state_of(again) == state


def without(blob, *names):
    """A checkpoint as it was written before there were options of these names."""
    state, note = tensors.unpack(blob, "")
    identity = {name: value for name, value in note["identity"].items() if name not in names}
    return tensors.pack(state, {**note, "identity": identity})


def test_an_option_that_a_checkpoint_does_not_know_yet_has_its_default(small_trainer):
    trainer = small_trainer()
    trainer.run_epoch()
    older = without(trainer.checkpoint(), "residual", "pooled_dropout", "averaging", "loss")
    resumed = small_trainer()
    resumed.restore(older)
    assert state_of(resumed) == state_of(trainer)
    with pytest.raises(ModelError, match=r"averaging = 0\.99, this run has 0\.5"):
        small_trainer(averaging=0.5).restore(older)


def test_a_checkpoint_of_other_data_is_refused(small_trainer, data_of):
    with pytest.raises(ModelError, match="data = 'test-200', this run has 'test-300'"):
        small_trainer().restore(small_trainer(on=data_of(200)).checkpoint())


def test_a_checkpoint_of_another_split_of_the_same_data_is_refused(small_trainer, data, data_of):
    other = dataclasses.replace(data_of(200), fingerprint=data.fingerprint)
    with pytest.raises(ModelError, match=r"another training run: probes = "):
        small_trainer().restore(small_trainer(on=other).checkpoint())


def test_damage_is_refused_and_changes_nothing(small_trainer):
    trainer = small_trainer()
    trainer.run_epoch()
    blob, state = trainer.checkpoint(), state_of(trainer)
    rng = np.random.default_rng(0)
    for length in (0, 1, 8, 100, len(blob) // 2, len(blob) - 1):
        with pytest.raises(ModelError, match=r"^checkpoint: damaged"):
            trainer.restore(blob[:length])
    for place in rng.integers(len(blob) // 2, len(blob), 20):  # the second half is tensors alone
        damaged = bytearray(blob)
        damaged[place] ^= 0x10
        with pytest.raises(ModelError, match=r"^checkpoint: damaged"):
            trainer.restore(bytes(damaged))
    assert state_of(trainer) == state


def test_other_safetensors_are_no_checkpoint(small_trainer):
    trainer = small_trainer()
    weights = tensors.pack(trainer.best_weights(), {"architecture": "cnn"})
    with pytest.raises(ModelError, match="no checkpoint of a training run"):
        trainer.restore(weights)


@pytest.mark.parametrize("removed", ["model.", "best.", "optimizer.first."])
def test_an_incomplete_checkpoint_is_refused(small_trainer, removed):
    trainer = small_trainer()
    state, note = tensors.unpack(trainer.checkpoint(), "here")
    name = next(name for name in state if name.startswith(removed))
    del state[name]
    with pytest.raises(ModelError, match=r"^checkpoint: "):
        trainer.restore(tensors.pack(state, note))
