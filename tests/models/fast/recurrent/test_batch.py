import copy
import gc

import pytest
import torch

from models.fast.recurrent import batch
from models.fast.recurrent.stack import MEMORIES
from models.lstm import LSTMStack

READOUTS = ("last", "mean", "max", "windows")


def gradients(network):
    return {name: value.grad.clone() for name, value in network.named_parameters()}


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("letters", [False, True])
@pytest.mark.parametrize("ragged", [False, True])
def test_chunks_make_no_difference(monkeypatch, ragged, letters, readout):
    torch.manual_seed(1)
    ours = LSTMStack(4, 8, 2, True, readout=readout, precision="float32", window=3)
    x = torch.randint(0, 6, (50, 7), dtype=torch.uint8) if letters else torch.randn(50, 7, 4)
    lengths = torch.randint(1, 8, (50,)) if ragged else None
    results = []
    for chunk in (512, 16):
        monkeypatch.setattr(batch, "CHUNK", chunk)
        ours.zero_grad()
        inputs = x.clone() if letters else x.clone().requires_grad_()
        output = ours(inputs, lengths)
        output.square().sum().backward()
        results.append((output, gradients(ours), inputs.grad))
    torch.testing.assert_close(results[0], results[1], rtol=1e-4, atol=1e-5)


def test_without_gradients_the_outputs_are_the_same():
    torch.manual_seed(6)
    for readout in READOUTS:
        ours = LSTMStack(4, 8, 2, True, readout=readout, window=4)
        x, lengths = torch.randint(0, 6, (30, 9)), torch.randint(1, 10, (30,))
        with torch.inference_mode():
            before = ours(x, lengths)
        trained = ours(x, lengths)
        trained.sum().backward()
        with torch.no_grad():
            after = ours(x, lengths)
        assert (before == trained).all()
        assert (after == trained).all()


def test_old_contents_of_the_buffers_do_not_matter():
    torch.manual_seed(7)
    x, lengths = torch.randn(30, 9, 4), torch.randint(1, 10, (30,))
    ours = LSTMStack(4, 8, 2, True, readout="max")
    ours(x, lengths).sum().backward()
    expected = gradients(ours)
    assert MEMORIES[ours]
    for memory in MEMORIES[ours]:
        for buffer in memory._buffers.values():
            buffer.fill_(torch.nan)
    ours.zero_grad()
    ours(x, lengths).sum().backward()
    torch.testing.assert_close(gradients(ours), expected, rtol=0, atol=0)


def test_two_passes_can_wait_for_their_gradients():
    torch.manual_seed(9)
    ours = LSTMStack(3, 8, precision="float32")
    one, two = torch.randn(10, 5, 3), torch.randn(10, 5, 3)
    (ours(one).sum() + ours(two).square().sum()).backward()
    together = gradients(ours)
    ours.zero_grad()
    ours(one).sum().backward()
    ours(two).square().sum().backward()
    torch.testing.assert_close(gradients(ours), together)


def test_going_backward_twice_is_refused():
    ours = LSTMStack(3, 8)
    output = ours(torch.randn(10, 5, 3)).sum()
    output.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="once only"):
        output.backward()


def test_a_copy_has_buffers_of_its_own():
    ours = LSTMStack(3, 8)
    x = torch.randn(10, 5, 3)
    ours(x).sum().backward()
    twin = copy.deepcopy(ours)
    assert MEMORIES[ours][0]._buffers
    assert twin not in MEMORIES
    assert (twin(x) == ours(x)).all()
    twin(x).sum().backward()
    ours(x).sum().backward()
    assert MEMORIES[twin][0] is not MEMORIES[ours][0]


def test_buffers_end_with_their_network():
    ours = LSTMStack(3, 8)
    ours(torch.randn(10, 5, 3)).sum().backward()
    before = len(MEMORIES)
    del ours
    gc.collect()
    assert len(MEMORIES) == before - 1


def test_no_sequences_give_no_outputs():
    ours = LSTMStack(3, 8, bidirectional=True)
    output = ours(torch.empty(0, 5, 3))
    output.sum().backward()
    assert output.shape == (0, 16)
    assert all((value.grad == 0).all() for value in ours.parameters())
