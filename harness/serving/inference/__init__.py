"""A model folder in, labels for rows or files out."""

from __future__ import annotations

from harness.serving.inference.labelling import predict_file
from harness.serving.inference.model import LabelModel, load_folder
from harness.serving.inference.together import Together

__all__ = ["LabelModel", "Together", "load_folder", "predict_file"]
