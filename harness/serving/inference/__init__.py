"""A model folder in, labels for rows out; :mod:`harness.serving.inference.labelling` labels files."""

from __future__ import annotations

from harness.serving.inference.model import LabelModel, load_folder
from harness.serving.inference.stance_and_frames import Together

__all__ = ["LabelModel", "Together", "load_folder"]
