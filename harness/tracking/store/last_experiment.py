"""The experiment that was run last in a project: its name in, and out again later."""

from __future__ import annotations

from harness.tracking.store.location import Store
from harness.values.errors import StoreError


def remember(store: Store, experiment: str) -> None:
    """Record the experiment that is being run."""
    (store.home / "last").write_text(experiment + "\n", encoding="utf-8")


def recall(store: Store) -> str:
    """Return the experiment that was run last.

    Raises
    ------
    StoreError
        Where none was run in this folder yet.
    """
    try:
        return (store.home / "last").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise StoreError(
            "no experiment was run here yet; run one: make experiment CONFIG=configs/quickstart.yaml"
        ) from None
