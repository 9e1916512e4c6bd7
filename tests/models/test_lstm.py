import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from models.layers import ONE_HOT
from models.lstm import LSTMStack

READOUTS = ("last", "mean", "max", "windows")


def torch_twin(ours):
    theirs = nn.LSTM(
        ours.inputs, ours.hidden, ours.layers, batch_first=True, bidirectional=ours.directions == 2
    )
    theirs.load_state_dict(ours.state_dict())
    return theirs


def read_packed(lstm, x, lengths, readout, window):
    """Packed sequences through torch's LSTM, and the same readout by plain means."""
    packed, _ = lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    states, _ = pad_packed_sequence(packed, batch_first=True, total_length=x.shape[1])
    rows = []
    for row, length in zip(states, lengths.tolist(), strict=True):
        if readout == "last":
            forward, reverse = row[length - 1, : lstm.hidden_size], row[0, lstm.hidden_size :]
            rows.append(torch.cat([forward, reverse]))
        elif readout == "windows":
            kept = torch.cat([row[:length], torch.zeros_like(row[length:])])
            whole = kept[: len(kept) // window * window]
            means = whole.unflatten(0, (-1, window)).mean(dim=1).t()  # (D H, windows)
            rows.append(means.flatten())
        else:
            rows.append(row[:length].mean(dim=0) if readout == "mean" else row[:length].amax(dim=0))
    return torch.stack(rows)


def gradients(network):
    return {name: value.grad.clone() for name, value in network.named_parameters()}


def assert_same_as_torch(ours, x, lengths, rtol=1e-4, atol=2e-5):
    """Outputs and all gradients; `x` are features or letters."""
    theirs = torch_twin(ours)
    letters = x.dim() == 2
    mine, reference = x.clone(), (ONE_HOT[x.long()] if letters else x.clone())
    if not letters:
        mine.requires_grad_()
        reference.requires_grad_()
    all_lengths = torch.full((len(x),), x.shape[1]) if lengths is None else lengths
    expected = read_packed(theirs, reference, all_lengths, ours.readout, ours.window)
    got = ours(mine, lengths)
    torch.testing.assert_close(got, expected, rtol=rtol, atol=atol)
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(0)) / len(x)
    (got * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(gradients(ours), gradients(theirs), rtol=rtol, atol=atol)
    if not letters:
        torch.testing.assert_close(mine.grad, reference.grad, rtol=rtol, atol=atol)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_outputs_and_gradients_are_those_of_torch(layers, bidirectional, readout):
    torch.manual_seed(layers)
    ours = LSTMStack(5, 24, layers, bidirectional, readout=readout, precision="float32", window=4)
    x = torch.randn(70, 9, 5)
    assert_same_as_torch(ours, x, None)
    ours.zero_grad()
    assert_same_as_torch(ours, x, torch.randint(1, 10, (70,)))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    batch_size=st.integers(1, 40),
    positions=st.integers(1, 8),
    sizes=st.tuples(st.integers(1, 4), st.integers(1, 20), st.integers(1, 3)),
    bidirectional=st.booleans(),
    readout=st.sampled_from(READOUTS),
    letters=st.booleans(),
    ragged=st.booleans(),
)
def test_any_shape_is_as_torch_has_it(
    seed, batch_size, positions, sizes, bidirectional, readout, letters, ragged
):
    torch.manual_seed(seed)
    inputs, hidden, layers = sizes
    options = {"readout": readout, "precision": "float32", "window": min(positions, 3)}
    ours = LSTMStack(4 if letters else inputs, hidden, layers, bidirectional, 0.3, **options).eval()
    shape = batch_size, positions
    x = torch.randint(0, 6, shape, dtype=torch.uint8) if letters else torch.randn(*shape, inputs)
    lengths = torch.randint(1, positions + 1, (batch_size,)) if ragged else None
    assert_same_as_torch(ours, x, lengths)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("letters", [False, True])
def test_the_plain_path_is_the_same(letters, bidirectional, readout):
    torch.manual_seed(3)
    fast = LSTMStack(4, 8, 2, bidirectional, readout=readout, precision="float32", window=3)
    plain = copy.deepcopy(fast).double()
    x = torch.randint(0, 6, (30, 7), dtype=torch.uint8) if letters else torch.randn(30, 7, 4)
    lengths = torch.randint(1, 8, (30,))
    for network in (fast, plain):
        network(x if letters else x.to(network.weight_ih_l0.dtype), lengths).square().mean().backward()
    found, expected = gradients(fast), gradients(plain)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value.float(), rtol=1e-4, atol=1e-6)


def test_the_plain_path_drops_between_layers_by_the_generator():
    torch.manual_seed(12)
    plain = LSTMStack(3, 16, 2, dropout=0.5).double()
    x = torch.randn(40, 6, 3, dtype=torch.float64)
    outputs = []
    for seed, disturbance in ((1, 1), (1, 2), (2, 1)):
        plain.dropout.generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(disturbance)
        outputs.append(plain(x))
    assert (outputs[0] == outputs[1]).all()
    assert (outputs[0] != outputs[2]).any()
    plain.eval()
    torch.testing.assert_close(
        plain(x), read_packed(torch_twin(plain).double(), x, torch.full((40,), 6), "last", 10)
    )


@pytest.mark.parametrize("readout", ["last", "mean", "windows"])  # the maximum may change its place
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("letters", [False, True])
def test_bfloat16_is_close(bfloat16, letters, bidirectional, readout):
    torch.manual_seed(5)
    half = LSTMStack(4, 32, 2, bidirectional, readout=readout)
    full = LSTMStack(4, 32, 2, bidirectional, readout=readout, precision="float32")
    full.load_state_dict(half.state_dict())
    x = torch.randint(0, 6, (200, 20), dtype=torch.uint8) if letters else torch.randn(200, 20, 4)
    lengths = torch.randint(10, 21, (200,))
    weights = torch.randn(200, half.channels * (2 if readout == "windows" else 1))
    outputs = []
    for network in (half, full):
        outputs.append(network(x, lengths))
        (outputs[-1] * weights).sum().backward()
    assert outputs[0].dtype == torch.float32
    assert 0 < (outputs[0] - outputs[1]).abs().max() < 5e-3
    found, expected = gradients(half), gradients(full)
    for name, value in expected.items():
        assert (found[name] - value).norm() < 0.02 * value.norm(), name


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("ragged", [False, True])
def test_features_may_be_bfloat16(bfloat16, ragged, bidirectional):
    torch.manual_seed(10)
    ours = LSTMStack(3, 8, bidirectional=bidirectional)
    lengths = torch.randint(1, 6, (20,)) if ragged else None
    half = torch.randn(20, 5, 3).bfloat16().requires_grad_()
    full = half.detach().float().requires_grad_()
    for x in (half, full):
        ours(x, lengths).square().sum().backward()
    assert half.grad.dtype == torch.bfloat16
    torch.testing.assert_close(half.grad, full.grad.bfloat16(), rtol=0, atol=0)


def test_full_precision_is_a_matter_of_choice(bfloat16):
    assert_same_as_torch(LSTMStack(3, 8, precision="float32"), torch.randn(20, 5, 3), None)
    ours = LSTMStack(3, 8, precision="auto")
    with pytest.raises(AssertionError):
        assert_same_as_torch(ours, torch.randn(20, 5, 3), None)


def test_without_instructions_for_bfloat16_all_is_float32(monkeypatch):
    monkeypatch.setattr("models.fast.bfloat16.multiplies_bfloat16", lambda: False)
    assert_same_as_torch(LSTMStack(3, 8), torch.randn(20, 5, 3), None)


def test_starts_as_torch_starts():
    torch.manual_seed(0)
    ours = LSTMStack(7, 64, 2, True)
    theirs = nn.LSTM(7, 64, 2, batch_first=True, bidirectional=True)
    assert [*ours.state_dict()] == [*theirs.state_dict()]
    for name, value in theirs.state_dict().items():
        mine = ours.state_dict()[name]
        assert mine.shape == value.shape
        assert mine.abs().max() <= 64**-0.5
        assert float(mine.std()) == pytest.approx(64**-0.5 / 3**0.5, rel=0.1), name


@pytest.mark.parametrize("readout", READOUTS)
def test_weights_that_are_not_numbers_show(readout):
    ours = LSTMStack(4, 8, 2, readout=readout, window=3)
    with torch.no_grad():
        ours.weight_hh_l0[3, 2] = torch.nan
    assert ours(torch.randint(0, 4, (6, 9))).isnan().any(dim=1).all()


@pytest.mark.parametrize(
    ("x", "lengths", "message"),
    [
        (torch.zeros(2, 5, 3), torch.tensor([0, 5]), "lengths must be 1 to 5, got 0 to 5"),
        (torch.zeros(2, 5, 3), torch.tensor([1, 6]), "lengths must be 1 to 5, got 1 to 6"),
        (torch.zeros(2, 5, 3), torch.tensor([1]), r"lengths must be \(2,\), got \(1,\)"),
        (torch.full((2, 5), 6), None, "letters must be 0 to 5, got 6 to 6"),
        (torch.full((2, 5), -1), None, "letters must be 0 to 5, got -1 to -1"),
    ],
)
def test_bad_input_is_refused(x, lengths, message):
    with pytest.raises(ValueError, match=message):
        LSTMStack(4 if x.dim() == 2 else 3, 8)(x, lengths)


def test_fewer_positions_than_a_window_has_are_refused():
    with pytest.raises(ValueError, match="5 positions hold no window of 6"):
        LSTMStack(3, 8, readout="windows", window=6)(torch.zeros(2, 5, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"readout": "first"}, "readout must be one of last, mean, max, windows, got 'first'"),
        ({"precision": "half"}, "precision must be one of auto, float32, got 'half'"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LSTMStack(3, 8, **options)
