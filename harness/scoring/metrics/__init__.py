"""Truth and predictions in, one number (or one per label) out; see :mod:`harness.scoring.metrics.metric`."""
