"""Tests of search spaces written as TOML."""

import tomllib

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.errors import SpaceError
from search.results.space_toml import best_config_toml
from search.strategy.space_files import parse_space, shipped_architectures, shipped_space

VALUES = st.one_of(
    st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@settings(max_examples=100)
@given(st.dictionaries(st.text(min_size=1), VALUES), st.dictionaries(st.text(), st.lists(VALUES)))
def test_any_values_are_read_back(seed, when):
    parameters = {"x": {"type": "categorical", "choices": [1, 2.5, "a"], "when": when}}
    space = {"architecture": "cnn", "fixed": {}, "seed": seed, "starts": [seed], "parameters": parameters}
    read = tomllib.loads(tomli_w.dumps(space))
    assert read == space
    assert [type(value) for value in read["seed"].values()] == [type(value) for value in seed.values()]


@pytest.mark.parametrize("architecture", shipped_architectures())
def test_every_prescribed_config_can_be_the_seed_of_its_own_space(architecture):
    """Any config that a study can win with is one of these, or drawn between them."""
    space = shipped_space(architecture)
    for params in space.prescribed:
        spec = {"space": space.without_starts().to_dict()}
        result = {"study": "A/B/C", "experiment": "B", "params": params, "provenance": {"spec": spec}}
        again = parse_space(tomllib.loads(best_config_toml(result)))
        assert again.prescribed == (params,)
        assert again.parameters == space.parameters


def test_what_cannot_be_said_is_not_written():
    result = {"study": "A/B/C", "experiment": "B", "params": {}, "provenance": {}}
    assert best_config_toml(result) is None
    space = shipped_space("cnn").to_dict()
    result |= {"params": {"filters": -1}, "provenance": {"spec": {"space": space}}}
    with pytest.raises(SpaceError, match=r"study A/B/C: its best config: .*filters"):
        best_config_toml(result)
