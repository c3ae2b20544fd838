from __future__ import annotations

import pytest

from harness.classifiers.linear.tokens import CLOSE, MARKS, MASK, OPEN, Tokens, second_tokens, shown, split
from harness.classifiers.linear.tokens import tokens as of_views
from harness.classifiers.protocol import Example, Target

ONE = Example("The League met Varna on Monday.", "Varna", ((15, 20),))
TWO = Example("Varna, we love a big Varna!", "Varna", ((0, 5), (21, 26)))


def tokens(examples: list[Example], target: Target) -> Tokens:
    return of_views(shown(examples, target), target)


def read(found: Tokens, row: int = 0) -> list[tuple[str, int]]:
    """Words with their offsets."""
    pairs = zip(found.row, found.code, found.offset, strict=True)
    return [(found.words[code], int(offset)) for at, code, offset in pairs if at == row]


def test_words_are_counted_from_the_mention() -> None:
    said = [("the", -3), ("league", -2), ("met", -1), (MASK, 0), ("on", 1), ("monday", 2), (".", 3)]
    assert read(tokens([ONE], "masked")) == said


def test_a_marked_mention_keeps_its_words() -> None:
    assert read(tokens([ONE], "marked"))[2:7] == [("met", -1), (OPEN, 0), ("varna", 0), (CLOSE, 0), ("on", 1)]


def test_between_two_mentions_the_nearer_one_counts() -> None:
    # Five words between: the middle one is as far from both and belongs to the first.
    between = [(",", 1), ("we", 2), ("love", 3), ("a", -2), ("big", -1)]
    assert read(tokens([TWO], "masked")) == [(MASK, 0), *between, (MASK, 0), ("!", 1)]


@pytest.mark.parametrize("target", ["none", "pair"])
def test_without_marks_nothing_is_near(target: Target) -> None:
    assert [offset for _, offset in read(tokens([ONE], target))] == [0] * 7
    assert [word for word, _ in read(tokens([ONE], target))][3] == "varna"


def test_a_mention_that_is_not_there_leaves_nothing_near() -> None:
    found = tokens([Example("Nobody came.", "Varna")], "masked")
    assert read(found) == [("nobody", 0), ("came", 0), (".", 0)]


def test_rows_without_words_are_rows() -> None:
    found = tokens([Example(""), ONE, Example(" ")], "none")
    assert (found.n_rows, set(found.row.tolist())) == (3, {1})
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
def test_the_second_text_is_the_party_and_who_speaks(target: Target, words: list[str]) -> None:
    spoken = Example(ONE.text, ONE.target, ONE.spans, "Harbour")
    assert [word for word, _ in read(second_tokens(shown([spoken], target)))] == words


def test_a_party_that_is_not_named_is_paired_unless_masked() -> None:
    absent = Example("Nobody came.", "Varna")
    assert [word for word, _ in read(second_tokens(shown([absent], "marked")))] == ["varna"]
    assert read(second_tokens(shown([absent], "masked"))) == []


def test_words_of_every_script_are_split() -> None:
    assert split("Don’t! 3,5 % 党は。") == ["don’t", "!", "3", ",", "5", "%", "党は", "。"]
    assert [len(word) for word in split("w" * 100)] == [40, 40, 20]


def test_no_text_yields_a_mark() -> None:
    assert not MARKS & set(split(" ".join(MARKS)))
