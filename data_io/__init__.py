"""Files to arrays: RNAcompete data, splits and targets. Knows nothing of torch or optuna."""
