import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from models.fast.bfloat16 import as_array, multiplies_bfloat16, narrow, product_dtype, widen


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


def test_the_processor_is_judged_as_torch_judges_it():
    if not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this torch cannot be asked")
    assert multiplies_bfloat16() == bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


@pytest.mark.parametrize("has_it", [True, False])
def test_full_precision_is_what_was_asked_for_or_what_there_is(monkeypatch, has_it):
    monkeypatch.setattr("models.fast.bfloat16.multiplies_bfloat16", lambda: has_it)
    assert product_dtype("float32") == torch.float32
    assert product_dtype("auto") == (torch.bfloat16 if has_it else torch.float32)
