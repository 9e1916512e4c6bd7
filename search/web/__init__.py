"""The pages: Optuna's dashboard, read-only, behind a guard."""
