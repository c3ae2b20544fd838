from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from golden import Golden
from refused import places

from harness.classifiers.checkpoints import load_body, load_tokenizer
from harness.classifiers.embedding import vectors
from harness.classifiers.embedding.classifier import embedding, load
from harness.classifiers.embedding.vectors import FrozenEncoder, VectorCache
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
def cache(monkeypatch: pytest.MonkeyPatch) -> VectorCache:
    empty = VectorCache(limit=10_000)
    monkeypatch.setattr(vectors, "_CACHE", empty)
    return empty


@pytest.fixture
def encoder(tiny: str) -> Callable[..., FrozenEncoder]:
    def make(target: Target = "marked", **options: Any) -> FrozenEncoder:
        defaults = {"checkpoint": tiny, "target": target, "max_tokens": 32, "layers": 1}
        return FrozenEncoder(**{**defaults, **options})

    return make


def states(tiny: str, text: str, pair: str | None = None, layer: int = -1) -> torch.Tensor:
    """The states of one text, without padding: what the vectors are means of."""
    batch = load_tokenizer(tiny)(text, pair, return_tensors="pt", return_token_type_ids=True)
    with torch.inference_mode():
        of_text: torch.Tensor = load_body(tiny)(**batch, output_hidden_states=True).hidden_states[layer][0]
    return of_text


def test_without_a_target_a_vector_is_the_mean_over_the_sentence(
    tiny: str, encoder: Callable[..., FrozenEncoder]
) -> None:
    (vector,) = encoder("none").vectors([TWO])
    np.testing.assert_allclose(vector, states(tiny, TWO.text).mean(dim=0), atol=1e-6)


def test_the_mention_is_averaged_apart(tiny: str, encoder: Callable[..., FrozenEncoder]) -> None:
    # [CLS] [ varna ] lost [SEP]: the mention is the third token, its marks not counted.
    (vector,), whole = encoder("marked").vectors([TWO]), states(tiny, "[varna] lost")
    np.testing.assert_allclose(vector, torch.cat([whole.mean(dim=0), whole[2]]), atol=1e-6)


def test_the_second_text_is_averaged_apart(tiny: str, encoder: Callable[..., FrozenEncoder]) -> None:
    # [CLS] varna lost [SEP] varna [SEP]: the second text and its end have segment 1.
    (vector,), whole = encoder("pair").vectors([TWO]), states(tiny, TWO.text, "varna")
    parts = [whole.mean(dim=0), whole[1], whole[4:6].mean(dim=0)]
    np.testing.assert_allclose(vector, torch.cat(parts), atol=1e-6)


def test_a_party_that_is_not_named_has_no_mention(encoder: Callable[..., FrozenEncoder]) -> None:
    sentence, mention = encoder("marked").vectors([NOT_NAMED]).reshape(2, 16)
    assert np.abs(sentence).min() > 0
    assert (mention == 0).all()


def test_the_last_layers_are_averaged(tiny: str, encoder: Callable[..., FrozenEncoder]) -> None:
    # The tiny encoder has two layers; the embeddings of its tokens, before them, do not count.
    both = (states(tiny, TWO.text, layer=1) + states(tiny, TWO.text, layer=2)).mean(dim=0) / 2
    for layers in (2, 3):
        np.testing.assert_allclose(encoder("none", layers=layers).vectors([TWO])[0], both, atol=1e-6)


@pytest.mark.parametrize("architecture", tiny_models.ARCHITECTURES)
@pytest.mark.parametrize("target", ["none", "marked", "marked_pair"])
def test_every_architecture_is_read(architecture: str, target: Target, tmp_path: Path) -> None:
    encoder = FrozenEncoder(tiny_models.write(tmp_path, architecture), target, 32, 1)
    together, alone = (
        encoder.vectors([ONE, TWO]),
        [replace(encoder, max_tokens=31).vectors([example])[0] for example in (ONE, TWO)],
    )
    assert together.shape == (2, encoder.parts * 16)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_long_text_is_cut_around_its_target(encoder: Callable[..., FrozenEncoder]) -> None:
    far = "good " * 1000 + "varna lost" + " plan" * 1000
    at = far.index("varna")
    (vector,) = encoder("marked").vectors([Example(far, "varna", ((at, at + 5),))])
    assert np.abs(vector[16:]).min() > 0


@pytest.mark.parametrize("target", ["none", "pair"])
def test_vectors_are_the_same_on_any_number_of_cores(
    target: Target, encoder: Callable[..., FrozenEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = [Example("good " * length + "varna lost", "varna") for length in range(24)]
    monkeypatch.setattr(vectors.BodyEngine, "budget", 64)
    threads, computed = torch.get_num_threads(), []
    for cores in (1, 2, 3):
        monkeypatch.setattr(vectors, "_CACHE", VectorCache(limit=10_000))
        monkeypatch.setattr(vectors, "thread_count", lambda cores=cores: cores)
        computed.append(encoder(target).vectors(examples))
    assert computed[1].tobytes() == computed[2].tobytes()
    # With one, PyTorch divides each product itself, which may round the last bit otherwise.
    np.testing.assert_allclose(computed[0], computed[1], atol=1e-6)
    # Many batches for each core, or nothing would have been divided.
    assert len({vector.tobytes() for vector in computed[0]}) == len(examples)
    assert torch.get_num_threads() == threads


def test_vectors_are_cached(
    encoder: Callable[..., FrozenEncoder], cache: VectorCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = encoder().vectors([ONE, TWO, ONE])
    assert len(cache.vectors) == 2
    monkeypatch.setattr(FrozenEncoder, "_computed", None)
    assert encoder().vectors([TWO, ONE, ONE])[[1, 0, 2]].tobytes() == first.tobytes()


def test_without_a_target_a_sentence_is_encoded_once_for_all_parties(
    encoder: Callable[..., FrozenEncoder], cache: VectorCache
) -> None:
    encoder("none").vectors([ONE, replace(ONE, target="coast", spans=())])
    assert len(cache.vectors) == 1


@pytest.mark.parametrize(
    "other", [{"target": "masked"}, {"max_tokens": 31}, {"layers": 2}], ids=lambda other: next(iter(other))
)
def test_another_setting_is_computed_anew(
    other: dict[str, Any], encoder: Callable[..., FrozenEncoder], cache: VectorCache
) -> None:
    encoder().vectors([ONE])
    encoder(**other).vectors([ONE])
    assert len(cache.vectors) == 2


def test_another_checkpoint_in_the_same_folder_is_computed_anew(tmp_path: Path, cache: VectorCache) -> None:
    for architecture in ("bert", "roberta"):
        FrozenEncoder(tiny_models.write(tmp_path, architecture), "none", 32, 1).vectors([ONE])
    assert len(cache.vectors) == 2


def test_the_least_recently_used_vector_makes_room() -> None:
    cache, row = VectorCache(limit=80), np.zeros(10, dtype=np.float32)
    cache.add({b"a": row, b"b": row})
    cache.get([b"a"])
    cache.add({b"c": row})
    assert list(cache.vectors) == [b"a", b"c"]
    assert cache.size == 80
    cache.add({b"a": row})
    assert cache.size == 80


def data() -> Labelled:
    """Opposite labels in one sentence: without the target, they cannot be distinguished."""
    examples, codes = [], []
    for first, second in (("varna", "coast"), ("coast", "varna"), ("hill", "league"), ("league", "hill")):
        text = f"{first} praised a good plan , {second} lost a bad vote"
        for name, code in ((first, 1), (second, 0)):
            at = text.index(name)
            examples.append(Example(text, name, ((at, at + len(name)),)))
            codes.append(code)
    return Labelled(examples, np.array(codes))


def test_the_mention_distinguishes_what_the_sentence_cannot(tiny: str) -> None:
    marked = embedding(checkpoint=tiny, target="marked", C=10.0, labels=PAIR)
    blind = embedding(checkpoint=tiny, target="none", C=10.0, labels=PAIR)
    for classifier in (marked, blind):
        classifier.fit(data())
    assert (marked.predict_proba(data().examples).argmax(axis=1) == data().codes).all()
    np.testing.assert_allclose(blind.predict_proba(data().examples), 0.5, atol=1e-6)


def test_large_inputs_are_done_in_pieces(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = embedding(checkpoint=tiny, labels=PAIR)
    classifier.fit(data())
    whole = classifier.predict_proba(data().examples)
    monkeypatch.setattr("harness.classifiers.embedding.classifier._BATCH_ROWS", 3)
    np.testing.assert_allclose(classifier.predict_proba(data().examples), whole, atol=1e-9)


def test_a_saved_classifier_is_complete(tmp_path: Path) -> None:
    checkpoint, folder = tmp_path / "checkpoint", tmp_path / "model"
    folder.mkdir()
    classifier = embedding(checkpoint=tiny_models.write(checkpoint), labels=PAIR)
    classifier.fit(data())
    before = classifier.predict_proba(data().examples)
    classifier.save(folder)
    checkpoint.rename(tmp_path / "gone")
    moved = folder.rename(tmp_path / "elsewhere")
    after = load(moved, PAIR).predict_proba(data().examples)
    assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("damage", "key"),
    [
        ("embedding.json", r"embedding\.json "),
        ("head.npz", r"head\.npz "),
        ("encoder/model.safetensors", r"encoder: .*weights"),
        ("encoder/tokenizer.json", r"encoder: .*tokenizer"),
    ],
)
def test_a_damaged_file_is_refused(tiny: str, tmp_path: Path, damage: str, key: str) -> None:
    classifier = embedding(checkpoint=tiny, labels=PAIR)
    classifier.fit(data())
    classifier.save(tmp_path)
    (tmp_path / damage).write_bytes(b"")
    with pytest.raises(ClassifierError, match=key) as raised:
        load(tmp_path, PAIR).predict_proba(data().examples)
    assert raised.value.__cause__ is not None


def test_every_option_out_of_range_is_named(golden: Golden) -> None:
    with pytest.raises(ConfigError) as raised:
        embedding(checkpoint="./nowhere", layers=0, C=0.0, max_tokens=15, labels=PAIR)
    assert places(raised.value) == ["layers", "C", "max_tokens", "checkpoint"]
    golden("classifiers/embedding", str(raised.value))
