"""The experiment that was run last in a project: its name in, and out again later."""

from __future__ import annotations

import os
from pathlib import Path

from harness.tracking.store.location import Store
from harness.values.commands import command_line
from harness.values.errors import StoreError
from harness.values.outputs import publish


def remember(store: Store, experiment: str) -> None:
    """Record the experiment that is being run."""
    # Without a lock: of two processes that start at once, either may be the last.
    draft = store.home / f"last.new-{os.getpid()}"
    draft.write_text(experiment + "\n", encoding="utf-8")
    publish(draft, store.home / "last")


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
        raise StoreError(f"no experiment was run in this store ({store.home}) yet; {_first_run()}") from None


def _first_run() -> str:
    """Return how a person starts: with the config that lies here, or with one that is written first."""
    for config in ("configs/quickstart.yaml", "quickstart.yaml"):
        if Path(config).is_file():
            return f"run one: {command_line('run', config)}"
    return f"for a first one: {command_line('example', 'quickstart')}"
