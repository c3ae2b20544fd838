"""Examples and labels in, probabilities out; a folder per kind of classifier."""
