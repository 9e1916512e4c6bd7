import numpy as np
from numba.core import caching

from data_io.jit import compiled


def double(x):
    return 2 * x


def test_compiled_code_is_kept_on_disk():
    kernel = compiled(double)
    assert kernel(3) == 6
    assert kernel.stats.cache_path is not None


def test_where_no_folder_can_be_written_to_it_compiles_all_the_same(monkeypatch):
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    kernel = compiled(double)
    np.testing.assert_array_equal(kernel(np.arange(3)), [0, 2, 4])
    assert kernel.stats.cache_path is None
