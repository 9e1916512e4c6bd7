"""Tasks on the workers of a Dask cluster, on this machine or on many."""

from importlib import import_module

from data_io.errors import ConfigError

try:
    import_module("dask")  # which reads its configuration at once
except ValueError as error:
    raise ConfigError(f"{error}; fix or remove that file") from error
