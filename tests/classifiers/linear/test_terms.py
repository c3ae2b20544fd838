from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.classifiers.linear.terms import Block, TermOptions, learn, read
from harness.classifiers.protocol import Example
from harness.values.errors import ClassifierError

PLAIN = TermOptions(target="none", words=1, chars=None, window=10.0, min_count=1)
FULL = TermOptions(target="marked_pair", words=2, chars=(2, 3), window=10.0, min_count=2)
ROWS = [
    Example("Varna met the League.", "Varna", ((0, 5),)),
    Example("The League praised Varna, praised Varna!", "Varna", ((19, 24), (34, 39))),
    Example("", "Varna"),
]


def test_a_row_is_tf_idf_of_length_1() -> None:
    terms, rows = learn([Example("a a b"), Example("b")], PLAIN)
    # a: in one of two rows, ln(3/2) + 1; twice, 1 + ln 2. b: in both, ln(3/3) + 1 = 1.
    a, b = (1 + math.log(2)) * (math.log(1.5) + 1), 1.0
    length = math.hypot(a, b)
    assert terms.words.texts == ("a", "b")
    np.testing.assert_allclose(rows.toarray(), [[a / length, b / length], [0, 1]], rtol=1e-12)


def test_terms_must_occur_in_enough_rows() -> None:
    rows = [Example("a a b"), Example("b c"), Example("c")]
    assert learn(rows, replace(PLAIN, min_count=2))[0].words.texts == ("b", "c")
    assert learn(rows, replace(PLAIN, min_count=3))[0].words.texts == ()
    assert learn(rows, replace(PLAIN, min_count=3))[1].shape == (3, 0)


@pytest.mark.parametrize(
    ("options", "blocks"),
    [
        (PLAIN, ["words"]),
        (replace(PLAIN, chars=(2, 3)), ["words", "chars"]),
        (replace(PLAIN, target="pair"), ["words", "second"]),
        (replace(PLAIN, target="masked"), ["words", "near_words", "second"]),
        (FULL, ["words", "near_words", "chars", "near_chars", "second"]),
    ],
)
def test_the_target_decides_the_blocks(options: TermOptions, blocks: list[str]) -> None:
    assert list(learn(ROWS, options)[0].blocks) == blocks


@pytest.mark.parametrize("options", [PLAIN, FULL, replace(FULL, target="masked", min_count=1)])
def test_training_rows_come_out_again(options: TermOptions) -> None:
    terms, rows = learn(ROWS, options)
    assert rows.shape[1] > 0
    np.testing.assert_allclose(terms.rows(ROWS).toarray(), rows.toarray(), rtol=1e-12)


def test_neighbours_change_no_bit_of_a_row() -> None:
    terms, _ = learn(ROWS, FULL)
    together = terms.rows([*ROWS, Example("Other words come first.", "Varna"), *ROWS]).toarray()
    alone = np.concatenate([terms.rows([row]).toarray() for row in ROWS])
    assert together[:3].tobytes() == alone.tobytes() == together[4:].tobytes()


def test_every_block_has_length_1_or_0() -> None:
    terms, rows = learn(ROWS, replace(FULL, min_count=1))
    ends = np.cumsum([0, *(len(block.keys) for block in terms.blocks.values())])
    for first, last in itertools.pairwise(ends):
        lengths = np.sqrt(rows[:, first:last].power(2).sum(axis=1))
        np.testing.assert_allclose(lengths, np.round(lengths), atol=1e-12)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    terms, _ = learn(ROWS, FULL)
    terms.write(tmp_path)
    again = read(tmp_path)
    assert (again.options, again.words, again.grams) == (terms.options, terms.words, terms.grams)
    assert again.rows(ROWS).toarray().tobytes() == terms.rows(ROWS).toarray().tobytes()


@pytest.mark.parametrize(
    ("name", "text"), [("terms.json", "[]"), ("terms.json", "{"), ("terms.npz", ""), ("terms.npz", "PK")]
)
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, text: str) -> None:
    learn(ROWS, FULL)[0].write(tmp_path)
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ClassifierError) as raised:
        read(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / name} ")
    assert raised.value.__cause__ is not None


def test_a_count_above_1_grows_with_its_logarithm_and_a_weight_below_does_not() -> None:
    from scipy.sparse import csr_matrix

    block = Block(np.array([0, 1]), np.array([1.0, 1.0]))
    # 1/2 stays; e becomes 1 + ln e = 2; then the row is divided by the root of 1/4 + 4.
    row = block.weigh(csr_matrix([[0.5, math.e]])).toarray()[0]
    np.testing.assert_allclose(row, np.array([0.5, 2.0]) / math.sqrt(4.25), rtol=1e-12)
