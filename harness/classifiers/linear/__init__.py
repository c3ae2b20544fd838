"""Examples in, probabilities out: a linear classifier over TF-IDF n-grams of words and characters."""
