"""A config in, a Plan out; see :mod:`harness.plan.resolve`."""

from harness.plan.plan import Plan, PlannedClassifier
from harness.plan.resolve import card_of, read, resolve

__all__ = ["Plan", "PlannedClassifier", "card_of", "read", "resolve"]
