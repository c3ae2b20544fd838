"""A config document in, a Plan out; see :mod:`harness.config.plan.resolve`."""

from harness.config.plan.data import card_of
from harness.config.plan.plan import Plan, PlannedClassifier
from harness.config.plan.resolve import read, resolve

__all__ = ["Plan", "PlannedClassifier", "card_of", "read", "resolve"]
