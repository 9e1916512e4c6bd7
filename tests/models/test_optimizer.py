import pytest
import torch
from torch import nn

from models.optimizer import Adam


def make_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1))


def give_gradients(network, seed):
    x = torch.randn(16, 6, generator=torch.Generator().manual_seed(seed))
    network(x).square().mean().backward()


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_steps_are_those_of_torch(weight_decay, fused):
    ours, theirs = make_network(), make_network()
    adam = Adam(ours, weight_decay)
    oracle = torch.optim.Adam(theirs.parameters(), lr=0.1, weight_decay=weight_decay, fused=fused)
    for step in range(20):
        rate = 0.1 / (step + 1)
        oracle.param_groups[0]["lr"] = rate
        oracle.zero_grad()
        give_gradients(ours, step), give_gradients(theirs, step)
        adam.step(rate), oracle.step()
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        if fused:
            assert mine.equal(reference)
        torch.testing.assert_close(mine, reference, rtol=1e-5, atol=1e-6)


def test_gradients_are_forgotten_after_a_step():
    network = make_network()
    adam = Adam(network)
    give_gradients(network, 1)
    adam.step(0.1)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_parameter_without_a_gradient_is_an_error():
    with pytest.raises(RuntimeError, match="no gradient"):
        Adam(make_network()).step(0.1)


def test_a_loaded_state_goes_on_exactly():
    first, second = make_network(), make_network()
    adam, resumed = Adam(first), Adam(second)
    for step in range(3):
        give_gradients(first, step)
        adam.step(0.1)
    second.load_state_dict(first.state_dict())
    resumed.load_state({name: value.clone() for name, value in adam.state().items()})
    for step in range(3, 6):
        for network, optimizer in ((first, adam), (second, resumed)):
            give_gradients(network, step)
            optimizer.step(0.1)
    for mine, reference in zip(first.parameters(), second.parameters(), strict=True):
        assert (mine == reference).all()
