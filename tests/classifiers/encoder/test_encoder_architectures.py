"""Every architecture with its kind of tokenizer: trained, killed, resumed, saved, served."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.encoder import encoder, load, training_checkpoint
from harness.classifiers.encoder.batching import Tokenizer
from harness.classifiers.encoder.engines import choice, computing
from harness.classifiers.encoder.prediction import device
from harness.classifiers.protocol import Example, Labelled, Target
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models, tiny_tokenizers

PAIR = LabelSet(("critical", "supportive"))
ARCHITECTURES = tuple(tiny_tokenizers.KINDS)
LIMIT = 32
UNUSUAL_TEXTS = [
    "",
    "x",
    " ",
    "\x00\ud800 \udfff",
    "🙂 \u202e مرحبا",
    "ﬁ ½ e\u0301",
    "a" * 100_000,
    "good bad " * 11_112,
]

every_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES)


def data() -> Labelled:
    rows = [
        (
            Example(
                f"the {a} {verb} varna {b} .", "varna", ((len(a) + len(verb) + 6, len(a) + len(verb) + 11),)
            ),
            code,
        )
        for a in ("minister", "league", "union")
        for b in ("again", "on the hill")
        for verb, code in (("attacked", 0), ("praised", 1))
    ]
    assert all(example.text[slice(*example.spans[0])] == "varna" for example, _ in rows)
    return Labelled([example for example, _ in rows], np.array([code for _, code in rows]))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    folders: dict[str, str] = {}

    def write(architecture: str) -> str:
        if architecture not in folders:
            backend = tiny_tokenizers.tokenizer(architecture)
            folder = tmp_path_factory.mktemp(architecture)
            folders[architecture] = tiny_models.write(folder, architecture, backend)
        return folders[architecture]

    return write


def make(checkpoint: str, **options: Any) -> Any:
    defaults = {
        "checkpoint": checkpoint,
        "epochs": 2,
        "max_tokens": LIMIT,
        "batch_size": 4,
        "learning_rate": 1e-3,
    }
    return encoder(**{**defaults, **options}, labels=PAIR, seed=1)


def tokenizer_of(architecture: str, target: Target = "marked_pair") -> Tokenizer:
    backend = tiny_tokenizers.tokenizer(architecture)
    return Tokenizer(backend, target, LIMIT)


def mention(tokenizer: Tokenizer, example: Example) -> str:
    """Return the text of the tokens that mention the target."""
    rows = tokenizer([example])
    assert rows.lengths[0] <= LIMIT
    ids = rows.tokens[0][rows.targets[0]].tolist()
    return re.sub("[ ▁Ġ]|##", "", "".join(tokenizer.backend.convert_ids_to_tokens(ids)))


@every_architecture
@pytest.mark.parametrize("target", ["pair", "marked_pair", "marked"])
@pytest.mark.parametrize("before", [0, 1, 5, 8, 9, 10, 40, 5_000])
def test_the_mention_is_in_the_window_wherever_it_is_in_the_text(
    architecture: str, target: Target, before: int
) -> None:
    text = f"{'good ' * before}varna{' bad' * 40}"
    start = 5 * before
    example = Example(text, "varna", ((start, start + 5),))
    assert mention(tokenizer_of(architecture, target), example) == "varna"


@every_architecture
@pytest.mark.parametrize(
    "text", ["varna", "varna.", "'varna'", "(the varna)", "🙂 varna", "e\u0301varna", "½ varna"]
)
def test_what_touches_a_mention_is_not_part_of_it(architecture: str, text: str) -> None:
    start = text.index("varna")
    example = Example(text, "varna", ((start, start + 5),))
    assert mention(tokenizer_of(architecture), example) == "varna"


@every_architecture
def test_an_interrupted_training_ends_with_the_same_bytes(
    architecture: str, checkpoint: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = training_checkpoint.Checkpoint.save

    def stop(self: training_checkpoint.Checkpoint, progress: Any) -> None:
        save(self, progress)
        raise KeyboardInterrupt

    interrupted, resumed, uninterrupted = (make(checkpoint(architecture)) for _ in range(3))
    interrupted.checkpoint_dir = resumed.checkpoint_dir = tmp_path
    with monkeypatch.context() as patch:
        patch.setattr(training_checkpoint.Checkpoint, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            interrupted.fit(data(), data())
    resumed.fit(data(), data())
    uninterrupted.fit(data(), data())
    proba, expected = (model.predict_proba(data().examples) for model in (resumed, uninterrupted))
    if device().type == "cpu":
        assert resumed.curves_ == uninterrupted.curves_
        assert proba.tobytes() == expected.tobytes()
    else:
        # A GPU may add up in another order from run to run.
        assert proba == pytest.approx(expected, abs=1e-4)


@every_architecture
def test_every_engine_reads_any_text(
    architecture: str, checkpoint: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "has_instructions_for", lambda name: True)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    fitted = make(checkpoint(architecture), epochs=1)
    fitted.fit(data())
    folder = tmp_path / "model"
    folder.mkdir()
    fitted.save(folder)
    load(folder, PAIR).accelerate(folder, data().examples, data())
    examples = [*data().examples, *(Example(text, "varna") for text in UNUSUAL_TEXTS)]
    exact, threads = fitted.predict_proba(examples), torch.get_num_threads()
    assert np.isfinite(exact).all()
    monkeypatch.setattr(computing, "CORE_BUDGET", 64)
    monkeypatch.setattr(computing.OnnxEngine, "budget", 64)
    for name in ("fp32", "onnx", "bf16", "int8"):
        probas = []
        for cores in (1, 3):
            monkeypatch.setattr(computing, "thread_count", lambda cores=cores: cores)
            served = load(folder, PAIR)
            served.use(name)
            probas.append(served.predict_proba(examples))
        assert probas[0] == pytest.approx(exact, abs=1e-6 if name == "fp32" else 0.05), name
        assert probas[1].tobytes() == probas[0].tobytes(), name
    assert torch.get_num_threads() == threads
