import pytest

from models.fast.recurrent import stack


@pytest.fixture
def bfloat16(monkeypatch):
    """Multiply in bfloat16 on every processor."""
    monkeypatch.setattr(stack, "multiplies_bfloat16", lambda: True)
