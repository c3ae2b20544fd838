"""Raw predictions in, what is served out: calibrated probabilities, labels, and whether to abstain.

::

    raw probabilities ─ calibrator ─► calibrated ─ thresholds ─► labels ─ abstention ─► served, or abstained

Everything is fitted after training, on what a trial predicted, so that another calibration, threshold or risk
needs no new training. Each step is fitted on rows that the step before was not fitted on: the classifier on
train, the calibrator on calibration, the thresholds on validation, the abstention on the half of calibration
that the calibrator did not see. Test is never looked at.

What is fitted here is applied by :mod:`harness.serving.decisions`.
"""
