"""A registered model's address in, labels for rows or files out."""

from __future__ import annotations

from harness.inference.crossing import cross_file
from harness.inference.files import predict_file
from harness.inference.model import LabelModel, load
from harness.inference.together import Together, load_both

__all__ = ["LabelModel", "Together", "cross_file", "load", "load_both", "predict_file"]
