import itertools

import torch

from models.randomness import Use, generator_of, process_seeded


def test_seed_epoch_and_use_each_give_other_numbers_and_always_the_same():
    cases = list(itertools.product(range(5), range(5), Use))
    numbers = [int(torch.randint(2**62, (), generator=generator_of(*case))) for case in cases]
    assert len(set(numbers)) == len(cases)
    assert numbers == [int(torch.randint(2**62, (), generator=generator_of(*case))) for case in cases]


def test_large_seeds_are_allowed():
    generator_of(2**40, 1, Use.ORDER)


def test_the_process_gets_its_random_state_back():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with process_seeded(1, 0, Use.WEIGHTS):
        first = torch.rand(3)
    assert (torch.get_rng_state() == before).all()
    torch.manual_seed(4)
    with process_seeded(1, 0, Use.WEIGHTS):
        assert (torch.rand(3) == first).all()
