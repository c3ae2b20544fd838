"""What the tests of published corpora share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import CorpusError
from harness.tables import Corpus


def complaint(factory: Callable[..., Corpus], home: Path, **options: Any) -> str:
    with pytest.raises(CorpusError) as caught:
        factory(folder=home, **options)
    return str(caught.value).replace(f"{home}/", "")


def splits(corpus: Corpus) -> dict[str, int]:
    return dict(corpus.rows["split"].value_counts())


def needs(variable: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not os.environ.get(variable), reason=f"{variable} is not set")
