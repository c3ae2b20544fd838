"""A labelling that is ended as Ctrl-C ends it, after some chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.serving.inference import LabelModel, labelling
from harness.serving.inference.labelling import predict_file


def interrupt(
    model: LabelModel,
    rows: Path,
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    chunks: int,
    **options: Any,
) -> None:
    """Label until so many chunks are written, then end as Ctrl-C does."""
    label, remaining = labelling._labelled, [chunks]

    def interrupted(*arguments: Any) -> Any:
        if not remaining[0]:
            raise KeyboardInterrupt
        remaining[0] -= 1
        return label(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(labelling, "_labelled", interrupted)
        with pytest.raises(KeyboardInterrupt):
            predict_file(model, rows, output, **options)
