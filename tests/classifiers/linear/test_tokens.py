from __future__ import annotations

import pytest

from harness.classifiers.linear.tokens import (
    CLOSE,
    MARKS,
    MASK,
    OPEN,
    Tokens,
    split_words,
    tokenize,
    tokenize_second,
    views_of,
)
from harness.classifiers.protocol import Example, Target

ONE = Example("The League met Varna on Monday.", "Varna", ((15, 20),))
TWO = Example("Varna, we love a big Varna!", "Varna", ((0, 5), (21, 26)))


def tokens(examples: list[Example], target: Target) -> Tokens:
    return tokenize(views_of(examples, target), target)


def read(of_rows: Tokens, row: int = 0) -> list[tuple[str, int]]:
    """Words of a row with their offsets."""
    columns = zip(of_rows.row, of_rows.code, of_rows.offset, strict=True)
    return [(of_rows.words[code], int(offset)) for at, code, offset in columns if at == row]


def test_words_are_counted_from_the_mention() -> None:
    offsets = [("the", -3), ("league", -2), ("met", -1), (MASK, 0), ("on", 1), ("monday", 2), (".", 3)]
    assert read(tokens([ONE], "masked")) == offsets


def test_a_marked_mention_keeps_its_words() -> None:
    assert read(tokens([ONE], "marked"))[2:7] == [("met", -1), (OPEN, 0), ("varna", 0), (CLOSE, 0), ("on", 1)]


def test_between_two_mentions_the_nearer_one_counts() -> None:
    # Five words between: the middle one is equally far from both and belongs to the first.
    between = [(",", 1), ("we", 2), ("love", 3), ("a", -2), ("big", -1)]
    assert read(tokens([TWO], "masked")) == [(MASK, 0), *between, (MASK, 0), ("!", 1)]


@pytest.mark.parametrize("target", ["none", "pair"])
def test_without_marks_nothing_is_near(target: Target) -> None:
    assert [offset for _, offset in read(tokens([ONE], target))] == [0] * 7
    assert [word for word, _ in read(tokens([ONE], target))][3] == "varna"


def test_without_a_mention_nothing_is_near() -> None:
    assert read(tokens([Example("Nobody came.", "Varna")], "masked")) == [
        ("nobody", 0),
        ("came", 0),
        (".", 0),
    ]


def test_rows_without_words_are_rows() -> None:
    of_rows = tokens([Example(""), ONE, Example(" ")], "none")
    assert (of_rows.n_rows, set(of_rows.row.tolist())) == (3, {1})
    assert tokens([], "masked").n_rows == 0


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("none", []),
        ("marked", []),
        ("masked", []),
        ("pair", ["harbour", ":", "varna"]),
        ("marked_pair", ["harbour", ":", "varna"]),
    ],
)
def test_the_second_text_is_the_party_and_its_holder(target: Target, words: list[str]) -> None:
    spoken = Example(ONE.text, ONE.target, ONE.spans, "Harbour")
    assert [word for word, _ in read(tokenize_second(views_of([spoken], target)))] == words


def test_a_party_that_is_not_named_is_paired_unless_masked() -> None:
    absent = Example("Nobody came.", "Varna")
    assert [word for word, _ in read(tokenize_second(views_of([absent], "marked")))] == ["varna"]
    assert read(tokenize_second(views_of([absent], "masked"))) == []


def test_words_of_every_script_are_split() -> None:
    assert split_words("Don’t! 3,5 % 党は。") == ["don’t", "!", "3", ",", "5", "%", "党は", "。"]
    assert [len(word) for word in split_words("w" * 100)] == [40, 40, 20]


def test_no_text_yields_a_mark() -> None:
    assert not MARKS & set(split_words(" ".join(MARKS)))
