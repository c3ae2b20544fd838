from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from harness.classifiers.linear.grams import CharGrams, Numbers, WordGrams, pieces_of
from harness.classifiers.linear.tokens import MASK, Tokens, shown, tokens
from harness.classifiers.protocol import Example
from harness.values.errors import ClassifierError

HALF = 1 / math.log(2)
"""A window at which every word more halves the weight."""


def masked(*texts: str) -> Tokens:
    """``@`` is the target."""
    spans = [tuple((n, n + 1) for n, c in enumerate(text) if c == "@") for text in texts]
    examples = [Example(t, "@", s) for t, s in zip(texts, spans, strict=True)]
    return tokens(shown(examples, "masked"), "masked")


def spelled(keys: np.ndarray, words: Numbers, longest: int) -> list[str]:
    """Read keys as the numerals they are."""
    base, made = len(words) + 1, []
    for key in keys.tolist():
        side, rest = divmod(key, base**longest)
        digits: list[str] = []
        while rest:
            rest, digit = divmod(rest, base)
            digits.insert(0, words.texts[digit - 1])
        made.append(("", "before ", "after ")[side] + " ".join(digits))
    return made


def said(
    found: Tokens, keys: np.ndarray, counts: csr_matrix, words: Numbers, longest: int
) -> list[dict[str, float]]:
    names = spelled(keys, words, longest)
    assert counts.shape == (found.n_rows, len(keys))
    return [{names[c]: round(v, 6) for c, v in enumerate(row) if v} for row in counts.toarray()]


def test_words_and_pairs_of_words_are_counted() -> None:
    found, words = masked("we met , we met", "met us", ""), Numbers(("we", "met", "us"))
    keys, counts = WordGrams(words, 2).count(found)
    # The comma is no known word, so no pair runs across it; nor does one run across rows.
    first = {"we": 2, "met": 2, "we met": 2}
    assert said(found, keys, counts, words, 2) == [first, {"met": 1, "us": 1, "met us": 1}, {}]


def test_three_words_make_an_n_gram() -> None:
    found, words = masked("a b c a"), Numbers(("a", "b", "c"))
    keys, counts = WordGrams(words, 3).count(found)
    grams = {"a": 2, "b": 1, "c": 1, "a b": 1, "b c": 1, "c a": 1, "a b c": 1, "b c a": 1}
    assert said(found, keys, counts, words, 3) == [grams]


def test_near_the_target_sides_are_told_apart_and_distance_weighs() -> None:
    found, words = masked("a b @ a c"), Numbers(("a", "b", "c", MASK))
    keys, counts = WordGrams(words, 2, window=HALF).count(found)
    # Beside the target 1, one farther 1/2; a pair weighs what its nearer word does; the mask alone has none.
    before = {"before a": 0.5, "before b": 1, "before a b": 1, f"before b {MASK}": 1}
    after = {"after a": 1, "after c": 0.5, "after a c": 1, f"after {MASK} a": 1}
    assert said(found, keys, counts, words, 2) == [before | after]


def test_known_keys_are_counted_alike_and_others_left_out() -> None:
    found, words = masked("a b @ a c", "c @ c b"), Numbers(("a", "b", "c", MASK))
    grams = WordGrams(words, 2, window=3.0)
    keys, counts = grams.count(found)
    some = keys[::3]
    known = grams.count_known(found, some)
    assert (known.toarray() == counts.toarray()[:, ::3]).all()
    assert grams.count_known(found, keys[:0]).shape == (2, 0)
    assert grams.count_known(masked(), keys).shape == (0, len(keys))


def test_too_many_n_grams_are_refused() -> None:
    # Three digits, each up to a million and a half, and one for the side: over 2 ** 62.
    words = Numbers(tuple(str(n) for n in range(1_200_000)))
    with pytest.raises(ClassifierError) as raised:
        WordGrams(words, 3)
    assert str(raised.value) == "1,200,000 words have too many n-grams of 3; raise min_count"
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
def test_a_word_is_cut_into_pieces(word: str, lengths: tuple[int, int], pieces: list[str]) -> None:
    assert pieces_of(word, lengths) == pieces


def test_pieces_of_words_are_counted() -> None:
    grams = Numbers((" no", "on ", "no "))
    keys, counts = CharGrams(grams, (3, 3)).count(masked("no no @ on"))
    assert keys.tolist() == [0, 1, 2]
    assert counts.toarray().tolist() == [[2, 1, 2]]


def test_pieces_near_the_target_are_told_apart() -> None:
    grams, found = Numbers((" no", "on ", "no ")), masked("no no @ on")
    keys, counts = CharGrams(grams, (3, 3), window=HALF).count(found)
    # Before: 1 for the nearer, 1/2 for the farther; after: three numbers up.
    assert keys.tolist() == [0, 1, 2, 3, 4, 5]
    assert counts.toarray().tolist() == [[1.5, 0, 1.5, 0, 1, 0]]
    known = CharGrams(grams, (3, 3), window=HALF).count_known(found, np.array([0, 2, 4]))
    assert known.toarray().tolist() == [[1.5, 1.5, 1]]
