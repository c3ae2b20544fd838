from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from harness.classifiers.linear.grams import CharGrams, Vocabulary, WordGrams, char_grams_of
from harness.classifiers.linear.tokens import MASK, Tokens, tokenize, views_of
from harness.classifiers.protocol import Example
from harness.values.errors import ClassifierError

HALF = 1 / math.log(2)
"""A window at which each additional word halves the weight."""


def masked(*texts: str) -> Tokens:
    """``@`` is the target."""
    spans = [tuple((n, n + 1) for n, c in enumerate(text) if c == "@") for text in texts]
    examples = [Example(t, "@", s) for t, s in zip(texts, spans, strict=True)]
    return tokenize(views_of(examples, "masked"), "masked")


def spell(keys: np.ndarray, words: Vocabulary, longest: int) -> list[str]:
    """Read keys as the numerals they are."""
    base, names = len(words) + 1, []
    for key in keys.tolist():
        side, rest = divmod(key, base**longest)
        digits: list[str] = []
        while rest:
            rest, digit = divmod(rest, base)
            digits.insert(0, words.texts[digit - 1])
        names.append(("", "before ", "after ")[side] + " ".join(digits))
    return names


def counts_by_name(
    tokens: Tokens, keys: np.ndarray, counts: csr_matrix, words: Vocabulary, longest: int
) -> list[dict[str, float]]:
    names = spell(keys, words, longest)
    assert counts.shape == (tokens.n_rows, len(keys))
    return [{names[c]: round(v, 6) for c, v in enumerate(row) if v} for row in counts.toarray()]


def test_words_and_pairs_of_words_are_counted() -> None:
    tokens, words = masked("we met , we met", "met us", ""), Vocabulary(("we", "met", "us"))
    keys, counts = WordGrams(words, 2).count(tokens)
    # The comma is not in the vocabulary, so no pair runs across it; nor does one run across rows.
    first = {"we": 2, "met": 2, "we met": 2}
    assert counts_by_name(tokens, keys, counts, words, 2) == [first, {"met": 1, "us": 1, "met us": 1}, {}]


def test_three_words_make_an_n_gram() -> None:
    tokens, words = masked("a b c a"), Vocabulary(("a", "b", "c"))
    keys, counts = WordGrams(words, 3).count(tokens)
    grams = {"a": 2, "b": 1, "c": 1, "a b": 1, "b c": 1, "c a": 1, "a b c": 1, "b c a": 1}
    assert counts_by_name(tokens, keys, counts, words, 3) == [grams]


def test_near_the_target_sides_differ_and_distance_counts() -> None:
    tokens, words = masked("a b @ a c"), Vocabulary(("a", "b", "c", MASK))
    keys, counts = WordGrams(words, 2, window=HALF).count(tokens)
    # Next to the target 1, one farther 1/2; a pair has the weight of its nearer word; the mask itself is 0.
    before = {"before a": 0.5, "before b": 1, "before a b": 1, f"before b {MASK}": 1}
    after = {"after a": 1, "after c": 0.5, "after a c": 1, f"after {MASK} a": 1}
    assert counts_by_name(tokens, keys, counts, words, 2) == [before | after]


def test_listed_keys_are_counted_alike_and_others_left_out() -> None:
    tokens, words = masked("a b @ a c", "c @ c b"), Vocabulary(("a", "b", "c", MASK))
    grams = WordGrams(words, 2, window=3.0)
    keys, counts = grams.count(tokens)
    some = keys[::3]
    listed = grams.count_known(tokens, some)
    assert (listed.toarray() == counts.toarray()[:, ::3]).all()
    assert grams.count_known(tokens, keys[:0]).shape == (2, 0)
    assert grams.count_known(masked(), keys).shape == (0, len(keys))


def test_too_many_n_grams_are_refused() -> None:
    # Three digits, each up to a million and a half, and one for the side: over 2 ** 62.
    words = Vocabulary(tuple(str(n) for n in range(1_200_000)))
    with pytest.raises(ClassifierError, match=r"^1,200,000 .* min_count$"):
        WordGrams(words, 3)
    assert WordGrams(words, 2)


@pytest.mark.parametrize(
    ("word", "lengths", "pieces"),
    [
        ("no", (1, 2), [" ", "n", "o", " ", " n", "no", "o "]),
        ("no", (4, 9), [" no "]),
        ("no", (5, 9), [" no "]),
        (MASK, (1, 9), []),
    ],
)
def test_the_n_grams_of_a_word(word: str, lengths: tuple[int, int], pieces: list[str]) -> None:
    assert char_grams_of(word, lengths) == pieces


def test_n_grams_of_characters_are_counted() -> None:
    grams = Vocabulary((" no", "on ", "no "))
    keys, counts = CharGrams(grams, (3, 3)).count(masked("no no @ on"))
    assert keys.tolist() == [0, 1, 2]
    assert counts.toarray().tolist() == [[2, 1, 2]]


def test_n_grams_of_characters_near_the_target_differ_by_side() -> None:
    grams, tokens = Vocabulary((" no", "on ", "no ")), masked("no no @ on")
    keys, counts = CharGrams(grams, (3, 3), window=HALF).count(tokens)
    # Before: 1 for the nearer, 1/2 for the farther; after: three numbers up.
    assert keys.tolist() == [0, 1, 2, 3, 4, 5]
    assert counts.toarray().tolist() == [[1.5, 0, 1.5, 0, 1, 0]]
    listed = CharGrams(grams, (3, 3), window=HALF).count_known(tokens, np.array([0, 2, 4]))
    assert listed.toarray().tolist() == [[1.5, 1.5, 1]]
