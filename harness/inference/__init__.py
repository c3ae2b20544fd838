"""A registered model's address in, labels for rows or files out."""

from __future__ import annotations

from harness.inference.files import predict_file
from harness.inference.model import LabelModel, load

__all__ = ["LabelModel", "load", "predict_file"]
