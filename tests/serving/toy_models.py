"""Model folders with a small classifier of the tests, and listings of messages for golden files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import toys

from harness.serving.contract import Contract
from harness.serving.folder import write_data
from harness.serving.seals import seal_folder
from harness.values.errors import ModelError, OutputError
from harness.values.labels import STANCE, LabelSet, Task
from harness.values.parties import EMPTY, Registry

VOTES = {"praised": [0.0, 0.0, 9.0], "blasted": [9.0, 0.0, 0.0], "met": [0.0, 9.0, 0.0]}
"""Verb → votes for critical, neutral, supportive."""


def write_model(
    folder: Path,
    *,
    labels: LabelSet = STANCE,
    task: Task = "stance",
    votes: Mapping[str, list[float]] = VOTES,
    parties: Registry = EMPTY,
    sealed: bool = True,
    loader: str = "toys:load",
) -> Path:
    """Write a model that was never near a store; return its folder.

    Without a seal it is as earlier versions packed models, and damage meets what reads the damaged file.
    """
    verbs = toys.Verbs(1.0, "", labels, 1)
    verbs.known_ = dict(votes)
    (folder / "saved" / "model").mkdir(parents=True)
    verbs.save(folder / "saved" / "model")
    (folder / "served").mkdir()
    write_data(folder / "served", folder / "saved", Contract(task, labels, loader), parties)
    if sealed:
        seal_folder(folder / "served")
    return folder / "served"


def refusal(call: Callable[[], object], folder: Path | None = None) -> str:
    """Return the message of the error that a call raises, with FOLDER for the folder."""
    with pytest.raises((ModelError, OutputError)) as caught:
        call()
    return str(caught.value).replace(str(folder), "FOLDER") if folder is not None else str(caught.value)


def listing(messages: Mapping[str, str]) -> str:
    """Lay out messages by case, for a golden file."""
    return "\n".join(f"{case}\n    {message}" for case, message in messages.items())
