"""Examples in, the answers of a large language model on a server out, as labels and probabilities."""
