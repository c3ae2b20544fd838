"""Examples in, probabilities out: a frozen sentence encoder, and a linear classifier."""
