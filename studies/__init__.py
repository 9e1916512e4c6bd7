"""The search spaces as shipped; by default also the workspace of a run."""
