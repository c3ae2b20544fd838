"""Every architecture with the kind of tokenizer that it has: trained, killed, gone on with, saved, served."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.encoder import encoder, load, resumption
from harness.classifiers.encoder.engines import choice, computing
from harness.classifiers.encoder.prediction import device
from harness.classifiers.encoder.rows import Tokenizer
from harness.classifiers.protocol import Example, Labelled, Target
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models, tiny_tokenizers

PAIR = LabelSet(("critical", "supportive"))
ARCHITECTURES = tuple(tiny_tokenizers.KINDS)
LIMIT = 32
ODD = [
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
    assert all(one.text[slice(*one.spans[0])] == "varna" for one, _ in rows)
    return Labelled([one for one, _ in rows], np.array([code for _, code in rows]))


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    made: dict[str, str] = {}

    def write(architecture: str) -> str:
        if architecture not in made:
            backend = tiny_tokenizers.tokenizer(architecture)
            folder = tmp_path_factory.mktemp(architecture)
            made[architecture] = tiny_models.write(folder, architecture, backend)
        return made[architecture]

    return write


def made(checkpoint: str, **options: Any) -> Any:
    given = {
        "checkpoint": checkpoint,
        "epochs": 2,
        "max_tokens": LIMIT,
        "batch_size": 4,
        "learning_rate": 1e-3,
    }
    return encoder(**{**given, **options}, labels=PAIR, seed=1)


def reading(architecture: str, target: Target = "marked_pair") -> Tokenizer:
    backend = tiny_tokenizers.tokenizer(architecture)
    return Tokenizer(backend, target, LIMIT)


def shown(tokenizer: Tokenizer, example: Example) -> str:
    """Put together what the tokens of the mention stand for."""
    rows = tokenizer([example])
    assert rows.lengths[0] <= LIMIT
    ids = rows.tokens[0][rows.targets[0]].tolist()
    return re.sub("[ ▁Ġ]|##", "", "".join(tokenizer.backend.convert_ids_to_tokens(ids)))


@every_architecture
@pytest.mark.parametrize("target", ["pair", "marked_pair", "marked"])
@pytest.mark.parametrize("before", [0, 1, 5, 8, 9, 10, 40, 5_000])
def test_the_mention_is_found_and_kept_wherever_it_stands(
    architecture: str, target: Target, before: int
) -> None:
    text = f"{'good ' * before}varna{' bad' * 40}"
    start = 5 * before
    example = Example(text, "varna", ((start, start + 5),))
    assert shown(reading(architecture, target), example) == "varna"


@every_architecture
@pytest.mark.parametrize(
    "text", ["varna", "varna.", "'varna'", "(the varna)", "🙂 varna", "e\u0301varna", "½ varna"]
)
def test_what_stands_beside_a_mention_is_not_it(architecture: str, text: str) -> None:
    start = text.index("varna")
    found = shown(reading(architecture), Example(text, "varna", ((start, start + 5),)))
    assert found == "varna"


@every_architecture
def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(
    architecture: str, checkpoint: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = resumption.Resumption.save

    def stop(self: resumption.Resumption, beside: Any) -> None:
        save(self, beside)
        raise KeyboardInterrupt

    one, other, whole = (made(checkpoint(architecture)) for _ in range(3))
    one.checkpoint_dir = other.checkpoint_dir = tmp_path
    with monkeypatch.context() as patch:
        patch.setattr(resumption.Resumption, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            one.fit(data(), data())
    other.fit(data(), data())
    whole.fit(data(), data())
    found, expected = (each.predict_proba(data().examples) for each in (other, whole))
    if device().type == "cpu":
        assert other.curves_ == whole.curves_
        assert found.tobytes() == expected.tobytes()
    else:
        # A GPU may add up in another order from run to run.
        assert found == pytest.approx(expected, abs=1e-4)


@every_architecture
def test_every_engine_reads_any_text(
    architecture: str, checkpoint: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "multiplies", lambda name: True)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    one = made(checkpoint(architecture), epochs=1)
    one.fit(data())
    folder = tmp_path / "model"
    folder.mkdir()
    one.save(folder)
    load(folder, PAIR).accelerate(folder, data().examples, data())
    examples = [*data().examples, *(Example(text, "varna") for text in ODD)]
    exact, threads = one.predict_proba(examples), torch.get_num_threads()
    assert np.isfinite(exact).all()
    monkeypatch.setattr(computing, "BUDGET", 64)
    monkeypatch.setattr(computing.OnnxEngine, "budget", 64)
    for name in ("fp32", "bf16", "int8"):
        found = []
        for cores in (1, 3):
            monkeypatch.setattr(computing, "threads", lambda cores=cores: cores)
            served = load(folder, PAIR)
            served.use(name)
            found.append(served.predict_proba(examples))
        assert found[0] == pytest.approx(exact, abs=1e-6 if name == "fp32" else 0.05), name
        assert found[1].tobytes() == found[0].tobytes(), name
    assert torch.get_num_threads() == threads
