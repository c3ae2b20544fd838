"""Signatures find the pairs that a full comparison finds; vectors those that point in one direction."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.splits.leaks.coded_texts import CodedTexts
from harness.splits.leaks.duplicates import (
    MAX_NEIGHBOURS,
    SIGNATURE_BLOCK,
    _signatures,
    jaccard,
    near_pairs,
    near_vectors,
    normalised,
    shingles,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello,  World!", "hello world"),
        ("ＦＵＬＬ width", "full width"),
        ("Straße", "strasse"),
        (" 🎉🎉 ", "🎉🎉"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_text(text: str, expected: str) -> None:
    assert normalised(text) == expected


def test_similarity_is_over_words_and_pairs() -> None:
    # {a, b, c, "a b", "b c"} and {a, b, d, "a b", "b d"} share a, b and "a b": 3 of 7.
    assert jaccard(shingles("a b c"), shingles("a b d")) == pytest.approx(3 / 7)


def signatures(texts: list[str]) -> NDArray[np.uint32]:
    coded = CodedTexts.of(texts)
    return _signatures(coded.hashes, coded.lengths)


def test_signatures_are_those_of_datasketch() -> None:
    first, second, third = (zlib.crc32(word) for word in (b"a", b"b", b"c"))
    pairs = [
        (spread(word) * 0x9E3779B1 + following) % 2**32
        for word, following in ((first, second), (second, third))
    ]
    # By MinHash(num_perm=64, seed=1, hashfunc=lambda number: number), updated with these five numbers.
    assert [first, second, third, *pairs] == [3904355907, 1908338681, 112844655, 126799488, 2340908011]
    signature = signatures(["x y", "a b c", "z"])[1]
    assert signature[:4].tolist() == [547520757, 1820493386, 708770349, 260926551]
    assert signature[-2:].tolist() == [1887785196, 91294283]


def spread(number: int) -> int:
    """MurmurHash3's finalizer, in Python's own integers."""
    number ^= number >> 16
    number = number * 0x85EBCA6B % 2**32
    number ^= number >> 13
    number = number * 0xC2B2AE35 % 2**32
    return number ^ (number >> 16)


def test_a_signature_does_not_depend_on_the_texts_around_it() -> None:
    texts = [f"ports {k} and harbours {k % 7}" for k in range(SIGNATURE_BLOCK + 1)]
    together = signatures(texts)
    for index in (0, SIGNATURE_BLOCK - 1, SIGNATURE_BLOCK):
        assert (together[index] == signatures([texts[index]])[0]).all()


def varied(n: int, seed: int) -> list[str]:
    """Sentences of 20 words; every fifth is the one before it with up to four words changed."""
    draw = np.random.default_rng(seed)
    words = [f"w{k}" for k in range(2000)]
    texts: list[str] = []
    for k in range(n):
        if k % 5 == 4:
            changed = texts[-1].split()
            for position in draw.integers(0, 20, size=draw.integers(1, 5)):
                changed[position] = words[draw.integers(0, 2000)]
            texts.append(" ".join(changed))
        else:
            texts.append(" ".join(draw.choice(words, 20)))
    return list(dict.fromkeys(texts))


@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.8])
def test_signatures_miss_little_and_invent_nothing(threshold: float) -> None:
    texts = varied(600, seed=3)
    sets = [shingles(text) for text in texts]
    true = {
        (i, j)
        for i in range(len(texts))
        for j in range(i + 1, min(i + 3, len(texts)))
        if jaccard(sets[i], sets[j]) >= threshold
    }
    pairs = {(i, j) for i, j, _ in near_pairs(CodedTexts.of(texts), threshold)}
    assert pairs <= true
    assert len(pairs) >= 0.95 * len(true) > 20


def test_a_thousand_variants_of_one_sentence_are_no_trouble() -> None:
    texts = [
        f"the union of ports and harbours said on monday that toll number {k} would rise" for k in range(1000)
    ]
    pairs = near_pairs(CodedTexts.of(texts))
    assert {index for i, j, _ in pairs for index in (i, j)} == set(range(1000))
    assert len(pairs) < 64 * 1000


@pytest.mark.parametrize(("length", "n_pairs"), [(4, 0), (5, 1)])
def test_sentences_of_few_words_are_not_compared(length: int, n_pairs: int) -> None:
    words = ["a", "b", "c", "d", "e"][:length]
    coded = CodedTexts.of([" ".join(words), " ".join([*words, "a"])])
    assert len(near_pairs(coded, 0.5)) == n_pairs


def test_vectors_that_point_in_one_direction() -> None:
    turned = np.radians([0, 10, 50, 200])
    vectors = np.stack([np.cos(turned), np.sin(turned)], axis=1) * np.array([[1], [3], [2], [1]])
    # cos 10° is 0.985, cos 40° 0.766, cos 50° 0.643.
    for threshold, pairs in ((0.9, [(0, 1)]), (0.7, [(0, 1), (1, 2)]), (0.6, [(0, 1), (0, 2), (1, 2)])):
        near = near_vectors(["a", "b", "c", "d"], lambda texts: vectors, threshold)
        assert [pair[:2] for pair in near] == pairs
        assert near[0][2] == pytest.approx(0.9848, abs=1e-4)
    assert near_vectors([], lambda texts: np.empty((0, 2)), 0.5) == []


def test_a_low_threshold_keeps_few_pairs_a_text_and_no_text_without() -> None:
    n = 3000
    vectors = np.random.default_rng(0).normal(size=(n, 8)) + 3
    pairs = near_vectors([str(k) for k in range(n)], lambda texts: vectors, 0.01)
    assert len(pairs) <= 2 * MAX_NEIGHBOURS * n
    assert {index for i, j, _ in pairs for index in (i, j)} == set(range(n))
    cosines = vectors @ vectors.T
    norms = np.linalg.norm(vectors, axis=1)
    cosines /= norms[:, None] * norms
    np.fill_diagonal(cosines, -1)
    indices = {pair[:2] for pair in pairs}
    # The nearest of every text is among them.
    assert all((min(k, j), max(k, j)) in indices for k, j in enumerate(cosines.argmax(axis=1).tolist()))
