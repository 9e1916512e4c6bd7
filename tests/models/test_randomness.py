import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from models.randomness import DrawingFrom, Use, generator_of
from models.registry import architecture_names, get_architecture
from tests.support.networks import networks


def test_seed_epoch_and_use_each_give_other_numbers_and_always_the_same():
    cases = list(itertools.product(range(5), range(5), Use))
    numbers = [int(torch.randint(2**62, (), generator=generator_of(*case))) for case in cases]
    assert len(set(numbers)) == len(cases)
    assert numbers == [int(torch.randint(2**62, (), generator=generator_of(*case))) for case in cases]


def test_large_seeds_are_allowed():
    generator_of(2**40, 1, Use.ORDER)


def weights(name, config, seed=1):
    with DrawingFrom(generator_of(seed, 0, Use.WEIGHTS)):
        return get_architecture(name).build(config).state_dict()


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].equal(value), name


@pytest.mark.parametrize(("architecture", "config"), networks().values(), ids=networks())
def test_weights_are_those_of_a_process_with_that_seed_whose_own_random_state_stays(architecture, config):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    found = weights(architecture, config)
    assert (torch.get_rng_state() == before).all()
    torch.manual_seed(generator_of(1, 0, Use.WEIGHTS).initial_seed())
    assert_equal(found, get_architecture(architecture).build(config).state_dict())


@pytest.mark.parametrize("name", architecture_names())
def test_threads_that_make_networks_do_not_disturb_each_other(name):
    config = get_architecture(name).config()
    expected = [weights(name, config, seed) for seed in range(8)]
    done = threading.Event()

    def disturb():  # what else draws from the process's random state, or seeds it
        while not done.is_set():
            torch.manual_seed(5)
            torch.rand(100)
            get_architecture(name).build(config)

    others = [threading.Thread(target=disturb) for _ in range(2)]
    for other in others:
        other.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda seed: weights(name, config, seed), [*range(8)] * 10))
    finally:
        done.set()
        for other in others:
            other.join()
    for number, one in enumerate(found):
        assert_equal(one, expected[number % 8])


@pytest.mark.parametrize(
    "draw",
    [
        nn.init.uniform_,
        nn.init.normal_,
        nn.init.trunc_normal_,
        nn.init.xavier_uniform_,
        nn.init.xavier_normal_,
        nn.init.kaiming_uniform_,
        nn.init.kaiming_normal_,
        nn.init.orthogonal_,
        lambda x: nn.init.sparse_(x, 0.0),
        torch.Tensor.uniform_,
        torch.Tensor.normal_,
        lambda x: x + torch.rand(5, 4),
        lambda x: x + torch.randn((5, 4)),
        lambda x: x + torch.bernoulli(torch.full((5, 4), 0.5)),
    ],
)
def test_whatever_a_layer_draws_comes_from_the_generator(draw):
    drawn = []
    for disturbance in (1, 2):
        torch.manual_seed(disturbance)
        before = torch.get_rng_state()
        with DrawingFrom(torch.Generator().manual_seed(4)):
            drawn.append(draw(torch.zeros(5, 4)))
        assert (torch.get_rng_state() == before).all()
    assert drawn[0].equal(drawn[1])
    assert drawn[0].std() > 0


def test_a_generator_that_is_named_is_used():
    with DrawingFrom(torch.Generator().manual_seed(4)):
        found = torch.rand(3, generator=torch.Generator().manual_seed(9))
    assert found.equal(torch.rand(3, generator=torch.Generator().manual_seed(9)))
