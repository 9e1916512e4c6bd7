import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from models.fast.bfloat16 import as_array, narrow, widen


@njit
def convert(source, target):
    for i in range(len(source)):
        target[i] = narrow(source[i], target)
        source[i] = widen(target[i])


@settings(deadline=None)
@example([1 + 2**-8, 1 + 3 * 2**-8])  # halfway: to the even one
@given(st.lists(st.floats(width=32), min_size=1))
def test_bfloat16_is_rounded_as_torch_rounds(numbers):
    source = torch.tensor(numbers)
    rounded = torch.empty(len(source), dtype=torch.bfloat16)
    expected = source.bfloat16()
    convert(source.numpy(), as_array(rounded))
    torch.testing.assert_close(rounded, expected, rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(source, expected.float(), rtol=0, atol=0, equal_nan=True)
