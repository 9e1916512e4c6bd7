"""What is tried next and when it ends: search spaces, sampler, stopping rule."""
