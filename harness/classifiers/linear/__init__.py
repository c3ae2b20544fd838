"""Examples in, probabilities out: weighted words and characters, and a linear classifier."""
