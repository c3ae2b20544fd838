"""Evaluate classifiers that label sentences by stance toward a party and by framing.

>>> import harness
>>> model = harness.load("models:/stance@champion")                        # doctest: +SKIP
>>> model.predict([{"text": "Voters thanked Varna.", "target": "Varna"}])  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.values.version import VERSION

if TYPE_CHECKING:
    from harness.serving.inference import LabelModel, Together

__version__ = VERSION
__all__ = ["__version__", "load", "load_both"]


def load(uri: str) -> LabelModel:
    """Load a registered model; see :func:`harness.tracking.models.load`."""
    from harness.tracking.models import load as load_model

    return load_model(uri)


def load_both(stance: str, frames: str) -> Together:
    """Load two models that label the same rows; see :func:`harness.tracking.models.load_both`."""
    from harness.tracking.models import load_both as load_models

    return load_models(stance, frames)
