"""A config in, a Plan out; see :mod:`harness.plan.resolve`."""

from harness.plan.data import card_of
from harness.plan.plan import Plan, PlannedClassifier
from harness.plan.resolve import read, resolve

__all__ = ["Plan", "PlannedClassifier", "card_of", "read", "resolve"]
