"""What speaks for a model, and against it: motifs, ceiling, baselines, published scores, verdict."""
