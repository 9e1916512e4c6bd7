"""The samplers of strategies that need more than a name: TPE and a Gaussian process.

CMA-ES is not among them: Optuna's keeps its state as pickled objects in the database, which nothing here may
read, and draws those numbers alone that every trial has, a few of the shipped spaces' parameters.
"""
