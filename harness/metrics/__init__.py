"""Predictions in, numbers out; see :mod:`harness.metrics.metric`."""
