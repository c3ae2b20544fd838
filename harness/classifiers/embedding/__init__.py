"""Examples in, probabilities out: a linear classifier over a frozen sentence encoder."""
