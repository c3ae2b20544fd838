"""A plan in, predictions out: trials, pooling, decisions, external predictions."""
