"""Studies: Optuna, Dask, the command line and the pages."""
