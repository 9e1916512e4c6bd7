import contextlib

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from data_io.errors import ModelError
from models.tensors import check_shapes, pack, unpack

TENSORS = {
    "a": torch.randn(3, 4),
    "b": torch.tensor(7),
    "c": torch.arange(5, dtype=torch.uint8),
    "d": torch.empty(0),
}
NOTE = {"seed": 1, "curve": [0.1, None], "name": "é"}
BLOB = pack(TENSORS, NOTE)


def test_round_trip():
    tensors, note = unpack(BLOB, "here")
    assert note == NOTE
    assert tensors.keys() == TENSORS.keys()
    assert all(
        (tensors[name] == value).all() and tensors[name].dtype == value.dtype
        for name, value in TENSORS.items()
    )


def test_views_and_not_contiguous_tensors_are_kept():
    whole = torch.randn(4, 6)
    tensors, _ = unpack(pack({"t": whole.T, "row": whole[1], "column": whole[:, 2]}, {}), "here")
    assert (tensors["t"] == whole.T).all()
    assert (tensors["row"] == whole[1]).all()
    assert (tensors["column"] == whole[:, 2]).all()


def test_other_tools_can_read_it(tmp_path):
    (tmp_path / "x.safetensors").write_bytes(BLOB)
    assert (safetensors.torch.load_file(tmp_path / "x.safetensors")["a"] == TENSORS["a"]).all()


@given(st.integers(0, len(BLOB) - 1))
def test_a_truncated_file_is_refused(length):
    with pytest.raises(ModelError, match=r"^here: damaged"):
        unpack(BLOB[:length], "here")


@given(st.integers(0, len(BLOB) * 8 - 1))
def test_a_flipped_bit_is_refused_or_harmless(bit):
    damaged = bytearray(BLOB)
    damaged[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(ModelError):
        tensors, note = unpack(bytes(damaged), "here")  # the bit was in a blank of the header, say
        assert note == NOTE
        assert tensors.keys() == TENSORS.keys()
        assert all((tensors[name] == value).all() for name, value in TENSORS.items())


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"not safetensors at all",
        bytes(8),
        safetensors.torch.save({"a": torch.ones(2)}),
        safetensors.torch.save({"a": torch.ones(2)}, {"other": "{}"}),
        safetensors.torch.save({"a": torch.ones(2)}, {"rbptune": "{"}),
        safetensors.torch.save({"a": torch.ones(2)}, {"rbptune": "[]"}),
        safetensors.torch.save({"a": torch.ones(2)}, {"rbptune": '{"note": 5, "crc32": 5}'}),
        safetensors.torch.save({"a": torch.ones(2)}, {"rbptune": '{"note": {}, "crc32": 5}'}),
    ],
)
def test_foreign_bytes_are_refused(blob):
    with pytest.raises(ModelError, match=r"^here: damaged"):
        unpack(blob, "here")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": None}, "file: tensor 'weight' is missing"),
        ({"extra": torch.ones(1)}, "file: tensor 'extra' is unknown"),
        ({"weight": torch.ones(2, 4)}, "file: tensor 'weight' has shape (2, 4), the config asks for (2, 3)"),
    ],
)
def test_weights_of_another_network_are_refused(change, message):
    expected = nn.Linear(3, 2).state_dict()
    tensors = {**expected, **change}
    with pytest.raises(ModelError) as error:
        check_shapes({name: value for name, value in tensors.items() if value is not None}, expected, "file")
    assert str(error.value).startswith(message)


def test_weights_of_the_same_network_pass():
    check_shapes(nn.Linear(3, 2).state_dict(), nn.Linear(3, 2).state_dict(), "file")
