"""Saved encoders with their fast engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.classifiers.encoder import encoder, load
from harness.classifiers.encoder.engines import choice
from harness.classifiers.protocol import Example, Labelled
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))

EncoderFolder = Callable[..., Path]


@pytest.fixture(scope="session")
def worded() -> Labelled:
    words = [word for word in tiny_models.WORDS if word.isalpha()]
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(words, generator.integers(3, 20))) for _ in range(60)]
    return Labelled([Example(f"varna {text}", "varna", ((0, 5),)) for text in texts], np.arange(60) % 2)


@pytest.fixture(scope="session")
def encoder_folder(worded: Labelled, tmp_path_factory: pytest.TempPathFactory) -> EncoderFolder:
    """Folders with fitted encoders and their fast engines."""
    folders: dict[str, Path] = {}

    def make(architecture: str = "bert", labels: LabelSet = PAIR, **options: Any) -> Path:
        key = repr((architecture, labels, options))
        if key not in folders:
            root = tmp_path_factory.mktemp(architecture)
            checkpoint = tiny_models.write(root / "from", architecture)
            defaults = {"checkpoint": checkpoint, "epochs": 1, "max_tokens": 32, "learning_rate": 1e-2}
            model = encoder(**{**defaults, **options}, labels=labels, seed=1)
            codes = np.stack([worded.codes, 1 - worded.codes], axis=1) if labels.multi else worded.codes
            model.fit(Labelled(worded.examples, codes))
            (root / "to").mkdir()
            model.save(root / "to")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(choice, "has_instructions_for", lambda name: True)
                load(root / "to", labels).accelerate(
                    root / "to", worded.examples, Labelled(worded.examples, codes)
                )
            folders[key] = root / "to"
        return folders[key]

    return make
