"""Where tasks run: in the driver's own process, or on the workers of a Dask cluster."""
