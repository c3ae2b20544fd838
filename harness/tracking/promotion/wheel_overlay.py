"""A logged model in, the same with the package's wheel beside it out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from harness.serving.wheel import ENVIRONMENT_FILES, FOLDER, wheel_name, write_wheel_overlay
from harness.tracking.promotion.candidates import Candidate
from harness.tracking.store import Store
from harness.tracking.store.database import imported
from harness.values.errors import PromotionError


def add_wheel(store: Store, candidate: Candidate) -> bool:
    """Add the package's wheel to a logged model, through MLflow, since its files may lie on a server.

    Returns whether it was added; False where the model has one already.
    """
    imported()
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    # Not through the client: for the life of a process it remembers by a model's id where its files lie, and
    # a copy of a store has the same ids.
    location = store.client.get_logged_model(str(candidate.model)).artifact_location
    files: Any = get_artifact_repository(location, tracking_uri=store.uri)
    with tempfile.TemporaryDirectory(prefix="harness-") as scratch:
        model, overlay = Path(scratch) / "model", Path(scratch) / "overlay"
        for folder in (model, overlay):
            folder.mkdir()
        # Two small files; the model itself may take hundreds of MB.
        for name in ENVIRONMENT_FILES:
            files.download_artifacts(name, str(model))
        added = write_wheel_overlay(model, overlay)
        if added:
            files.log_artifacts(str(overlay))
    return added


def check_wheel(store: Store, name: str, version: str) -> None:
    """Refuse a version without the wheel: a registry may keep copies, made before the wheel was added."""
    with store.pointed():
        listed = imported().artifacts.list_artifacts(artifact_uri=f"models:/{name}/{version}/{FOLDER}")
    if wheel_name() not in {Path(file.path).name for file in listed}:
        raise PromotionError(
            f"version {version} of {name!r} was registered without the wheel, and the registry keeps copies;"
            " promote it under another name with --model-name"
        )
