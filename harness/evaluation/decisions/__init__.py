"""Raw probabilities in, what is served out: calibrated probabilities, labels, and whether to abstain.

::

    raw probabilities ─ calibrators ─► calibrated ─ thresholds ─► labels ─ abstention ─► served, or not

All of it is fitted after training, from what a trial predicted, so that changing it trains nothing again.
Each step sees rows that the one before did not: the classifier was fitted on train, the calibrator on
calibration, the thresholds on validation, the abstention on the half of calibration that the calibrator was
not shown. Test is never looked at.
"""
