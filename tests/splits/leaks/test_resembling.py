"""New texts against those that are kept apart: repeats as a whole, inside a longer one, nearly, or not."""

from __future__ import annotations

from harness.splits.leaks.resembling import resembling

APART = [
    ("a1", "The harbour master thanked the Coastal Union for the new lamps on the old quay this autumn."),
    ("a2", "Nobody met the envoy."),
]


def test_repeats_are_seen_and_others_are_not() -> None:
    texts = [
        "the harbour master thanked the coastal union for the new lamps on the old quay this autumn",
        "He said: the harbour master thanked the Coastal Union for the new lamps on the old quay this autumn. Then left.",  # noqa: E501
        "The harbour master thanked the Coastal Union for the new lamp on the old quay this autumn.",
        "Varna raised the toll on the northern bridge, and lorries went by the mountain road instead.",
        "Nobody met the envoy!",
    ]
    repeats = resembling(APART, texts, 0.8)
    assert {at: (repeat.of, repeat.alike) for at, repeat in repeats.items()} == {
        0: ("a1", "exact"),
        1: ("a1", "contained"),
        2: ("a1", "near"),
        4: ("a2", "exact"),
    }


def test_new_texts_may_repeat_each_other() -> None:
    assert resembling(APART, ["Varna won.", "Varna won."], 0.8) == {}
    assert resembling([], ["Varna won."], 0.8) == {}
    assert resembling(APART, [], 0.8) == {}


def test_vectors_find_what_words_do_not() -> None:
    import numpy as np

    def encode(texts: object) -> object:
        # Two directions: texts that name the quay, and the others.
        return np.array([[1.0, 0.0] if "quay" in text or "pier" in text else [0.0, 1.0] for text in texts])  # type: ignore[attr-defined]

    paraphrase = ["At the pier, people were grateful for light."]
    assert resembling(APART, paraphrase, 0.8) == {}
    found_by_vectors = resembling(APART, paraphrase, 0.8, encode=encode, cosine=0.9)  # type: ignore[arg-type]
    assert found_by_vectors[0].of == "a1"
