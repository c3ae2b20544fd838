"""Predictions in, numbers out; see :mod:`harness.scoring.metrics.metric`."""
