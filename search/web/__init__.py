"""The pages: what the studies of a workspace do, and Optuna's dashboard beside, behind a guard."""
