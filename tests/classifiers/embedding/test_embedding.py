from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.classifiers.checkpoints import load_body, load_tokenizer
from harness.classifiers.embedding import vectors
from harness.classifiers.embedding.classifier import embedding, load
from harness.classifiers.embedding.vectors import Kept, Reader
from harness.classifiers.protocol import Example, Labelled, Target
from harness.values.errors import ClassifierError, ConfigError
from harness.values.labels import LabelSet
from tests.classifiers import tiny_models

PAIR = LabelSet(("critical", "supportive"))
ONE = Example("the minister praised varna in a vote", "varna", ((21, 26),))
TWO = Example("varna lost", "varna", ((0, 5),))
NOT_NAMED = Example("they won again", "varna")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tiny_models.write(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    made = Kept(limit=10_000)
    monkeypatch.setattr(vectors, "_KEPT", made)
    return made


@pytest.fixture
def reader(tiny: str) -> Callable[..., Reader]:
    def made(target: Target = "marked", **options: Any) -> Reader:
        return Reader(**{"checkpoint": tiny, "target": target, "max_tokens": 32, "layers": 1, **options})

    return made


def states(tiny: str, text: str, pair: str | None = None, layer: int = -1) -> torch.Tensor:
    """The states of one text, without padding: what the vectors are means of."""
    batch = load_tokenizer(tiny)(text, pair, return_tensors="pt", return_token_type_ids=True)
    with torch.inference_mode():
        found: torch.Tensor = load_body(tiny)(**batch, output_hidden_states=True).hidden_states[layer][0]
    return found


def test_a_blind_vector_is_the_mean_over_the_sentence(tiny: str, reader: Callable[..., Reader]) -> None:
    found = reader("none").vectors([TWO])
    np.testing.assert_allclose(found[0], states(tiny, TWO.text).mean(dim=0), atol=1e-6)


def test_the_mention_is_averaged_apart(tiny: str, reader: Callable[..., Reader]) -> None:
    # [CLS] [ varna ] lost [SEP]: the mention is the third token, its marks not counted.
    found, whole = reader("marked").vectors([TWO]), states(tiny, "[varna] lost")
    np.testing.assert_allclose(found[0], torch.cat([whole.mean(dim=0), whole[2]]), atol=1e-6)


def test_the_second_text_is_averaged_apart(tiny: str, reader: Callable[..., Reader]) -> None:
    # [CLS] varna lost [SEP] varna [SEP]: the second text and its end have segment 1.
    found, whole = reader("pair").vectors([TWO]), states(tiny, TWO.text, "varna")
    parts = [whole.mean(dim=0), whole[1], whole[4:6].mean(dim=0)]
    np.testing.assert_allclose(found[0], torch.cat(parts), atol=1e-6)


def test_a_party_that_is_not_named_has_no_mention(reader: Callable[..., Reader]) -> None:
    found = reader("marked").vectors([NOT_NAMED]).reshape(2, 16)
    assert np.abs(found[0]).min() > 0
    assert (found[1] == 0).all()


def test_the_last_layers_are_averaged(tiny: str, reader: Callable[..., Reader]) -> None:
    # The tiny encoder has two layers; the embeddings of its tokens, before them, are none.
    both = (states(tiny, TWO.text, layer=1) + states(tiny, TWO.text, layer=2)).mean(dim=0) / 2
    for layers in (2, 3):
        np.testing.assert_allclose(reader("none", layers=layers).vectors([TWO])[0], both, atol=1e-6)


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
@pytest.mark.parametrize("target", ["none", "marked", "marked_pair"])
def test_every_architecture_is_read(architecture: str, target: Target, tmp_path: Path) -> None:
    made = Reader(tiny_models.write(tmp_path, architecture), target, 32, 1)
    together, alone = (
        made.vectors([ONE, TWO]),
        [replace(made, max_tokens=31).vectors([one])[0] for one in (ONE, TWO)],
    )
    assert together.shape == (2, made.parts * 16)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_long_text_is_cut_around_its_target(reader: Callable[..., Reader]) -> None:
    far = "good " * 1000 + "varna lost" + " plan" * 1000
    at = far.index("varna")
    found = reader("marked").vectors([Example(far, "varna", ((at, at + 5),))])
    assert np.abs(found[0, 16:]).min() > 0


def test_what_was_computed_is_kept(
    reader: Callable[..., Reader], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reader().vectors([ONE, TWO, ONE])
    assert len(kept.vectors) == 2
    monkeypatch.setattr(Reader, "_computed", None)
    assert reader().vectors([TWO, ONE, ONE])[[1, 0, 2]].tobytes() == first.tobytes()


def test_a_blind_reader_reads_a_sentence_once_for_all_parties(
    reader: Callable[..., Reader], kept: Kept
) -> None:
    reader("none").vectors([ONE, replace(ONE, target="coast", spans=())])
    assert len(kept.vectors) == 1


@pytest.mark.parametrize(
    "other", [{"target": "masked"}, {"max_tokens": 31}, {"layers": 2}], ids=lambda other: next(iter(other))
)
def test_another_setting_is_computed_anew(
    other: dict[str, Any], reader: Callable[..., Reader], kept: Kept
) -> None:
    reader().vectors([ONE])
    reader(**other).vectors([ONE])
    assert len(kept.vectors) == 2


def test_another_checkpoint_in_the_same_folder_is_computed_anew(tmp_path: Path, kept: Kept) -> None:
    for architecture in ("bert", "roberta"):
        Reader(tiny_models.write(tmp_path, architecture), "none", 32, 1).vectors([ONE])
    assert len(kept.vectors) == 2


def test_what_was_not_asked_for_longest_makes_room() -> None:
    made, row = Kept(limit=80), np.zeros(10, dtype=np.float32)
    made.keep({b"a": row, b"b": row})
    made.known([b"a"])
    made.keep({b"c": row})
    assert list(made.vectors) == [b"a", b"c"]
    assert made.size == 80
    made.keep({b"a": row})
    assert made.size == 80


def data() -> Labelled:
    """Opposite labels in one sentence: a blind reader sees them as equal."""
    examples, codes = [], []
    for first, second in (("varna", "coast"), ("coast", "varna"), ("hill", "league"), ("league", "hill")):
        text = f"{first} praised a good plan , {second} lost a bad vote"
        for name, code in ((first, 1), (second, 0)):
            at = text.index(name)
            examples.append(Example(text, name, ((at, at + len(name)),)))
            codes.append(code)
    return Labelled(examples, np.array(codes))


def test_the_mention_tells_what_the_sentence_cannot(tiny: str) -> None:
    seeing = embedding(checkpoint=tiny, target="marked", C=10.0, labels=PAIR)
    blind = embedding(checkpoint=tiny, target="none", C=10.0, labels=PAIR)
    for made in (seeing, blind):
        made.fit(data())
    assert (seeing.predict_proba(data().examples).argmax(axis=1) == data().codes).all()
    np.testing.assert_allclose(blind.predict_proba(data().examples), 0.5, atol=1e-6)


def test_large_inputs_are_done_in_pieces(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = embedding(checkpoint=tiny, labels=PAIR)
    made.fit(data())
    whole = made.predict_proba(data().examples)
    monkeypatch.setattr("harness.classifiers.embedding.classifier._AT_ONCE", 3)
    np.testing.assert_allclose(made.predict_proba(data().examples), whole, atol=1e-9)


def test_a_saved_one_stands_alone(tmp_path: Path) -> None:
    checkpoint, folder = tmp_path / "checkpoint", tmp_path / "model"
    folder.mkdir()
    made = embedding(checkpoint=tiny_models.write(checkpoint), labels=PAIR)
    made.fit(data())
    before = made.predict_proba(data().examples)
    made.save(folder)
    checkpoint.rename(tmp_path / "gone")
    moved = folder.rename(tmp_path / "elsewhere")
    after = load(moved, PAIR).predict_proba(data().examples)
    assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("embedding.json", "embedding.json cannot be read: Expecting value"),
        ("head.npz", "head.npz cannot be read: "),
        ("encoder/model.safetensors", "encoder: its weights cannot be read: "),
        ("encoder/tokenizer.json", "encoder: its tokenizer cannot be read: "),
    ],
)
def test_a_damaged_file_is_refused(tiny: str, tmp_path: Path, damage: str, message: str) -> None:
    made = embedding(checkpoint=tiny, labels=PAIR)
    made.fit(data())
    made.save(tmp_path)
    (tmp_path / damage).write_bytes(b"")
    with pytest.raises(ClassifierError) as raised:
        load(tmp_path, PAIR).predict_proba(data().examples)
    assert message in str(raised.value)


def test_every_option_out_of_range_is_named() -> None:
    with pytest.raises(ConfigError) as raised:
        embedding(checkpoint="./nowhere", layers=0, C=0.0, max_tokens=15, labels=PAIR)
    assert str(raised.value) == (
        "layers: should be at least 1, got 0\n"
        "C: should be above 0, got 0.0\n"
        "max_tokens: should be at least 16, got 15\n"
        "checkpoint: there is no folder './nowhere'"
    )
