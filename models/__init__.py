"""Arrays to a trained model: architectures and the shared trainer. Knows nothing of optuna."""
