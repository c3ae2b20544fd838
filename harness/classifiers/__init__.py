"""Examples and labels in, probabilities out."""
