from dataclasses import dataclass

import numpy as np
import pytest

from data_io.errors import ConfigError
from models import fields


@dataclass(frozen=True)
class Config:
    count: int = fields.within(3, 1, 10)
    rate: float = fields.within(0.5, 0.0, 1.0)
    mode: str = fields.one_of("slow", "fast")
    loud: bool = fields.switch(False)

    def __post_init__(self):
        fields.check(self)


def test_defaults_are_allowed():
    assert Config() == Config(3, 0.5, "slow", False)


@pytest.mark.parametrize("value", [4, np.int64(4), np.uint8(4)])
def test_whole_numbers_become_int(value):
    assert type(Config(count=value).count) is int


@pytest.mark.parametrize("value", [1, 0, np.float32(0.25), 0.75])
def test_numbers_become_float(value):
    assert type(Config(rate=value).rate) is float


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("count", 0, "count = 0: must be a whole number from 1 to 10"),
        ("count", 11, "count = 11: must be a whole number from 1 to 10"),
        ("count", 2.0, "count = 2.0: must be a whole number from 1 to 10"),
        ("count", "3", "count = '3': must be a whole number from 1 to 10"),
        ("count", True, "count = True: must be a whole number from 1 to 10"),
        ("count", None, "count = None: must be a whole number from 1 to 10"),
        ("rate", 1.01, "rate = 1.01: must be a number from 0 to 1"),
        ("rate", float("nan"), "rate = nan: must be a number from 0 to 1"),
        ("rate", float("inf"), "rate = inf: must be a number from 0 to 1"),
        ("rate", [0.5], r"rate = [0.5]: must be a number from 0 to 1"),
        ("mode", "quick", "mode = 'quick': must be one of slow, fast"),
        ("mode", 1, "mode = 1: must be one of slow, fast"),
        ("loud", 1, "loud = 1: must be true or false"),
        ("loud", "yes", "loud = 'yes': must be true or false"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_limits(field, value, message):
    with pytest.raises(ConfigError) as error:
        Config(**{field: value})
    assert str(error.value) == message
