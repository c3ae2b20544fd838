"""Counts by cluster in, intervals and decisions out; knows nothing of metrics."""
