"""Fixtures of the fault injections."""

from __future__ import annotations

import pytest

from harness.tracking.store import credentials
from harness.values import secrets
from tests.classifiers.conftest import encoder_folder, worded
from tests.faults.own_configs import config

__all__ = ["config", "encoder_folder", "worded"]


@pytest.fixture
def own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known to be secret before a test, and nothing of it afterwards."""
    monkeypatch.setattr(secrets, "_SHOWN", {})
    monkeypatch.setattr(credentials, "_LENT", {})
    for name in (credentials.USERNAME, credentials.PASSWORD, credentials.TOKEN):
        # Set first, so that the test's own changes are undone too.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
