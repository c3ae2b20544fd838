"""A registered model's address in, labels for rows or files out."""

from __future__ import annotations

from harness.serving.inference.crossing import cross_file
from harness.serving.inference.files import predict_file
from harness.serving.inference.model import LabelModel, load
from harness.serving.inference.together import Together, load_both

__all__ = ["LabelModel", "Together", "cross_file", "load", "load_both", "predict_file"]
