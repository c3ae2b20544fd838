"""Examples in, probabilities out: what any classifier has to beat."""
