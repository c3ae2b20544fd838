"""Fixtures of the fault injections."""

from __future__ import annotations

from tests.classifiers.conftest import encoder_folder, worded

__all__ = ["encoder_folder", "worded"]
