"""What runs in a Dask worker's own process, beside whatever else runs there: no more than has to.

On workers of others this package is loaded under a name of its own, so its modules import each other by
relative names, and beside them the standard library and Dask alone. The rest runs in child processes.
"""
