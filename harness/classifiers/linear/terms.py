"""Examples in, TF-IDF rows out.

Every block of a row is scaled to length 1, so that none drowns another:

``words``        n-grams of the whole sentence
``near_words``   the same before and after the target, see :mod:`harness.classifiers.linear.grams`
``chars``        n-grams of the characters inside words, of the whole sentence
``near_chars``   the same before and after the target
``second``       words of the second text, where one is shown
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from harness.classifiers.linear.grams import CharGrams, Numbers, WordGrams, pieces_of
from harness.classifiers.linear.tokens import Tokens, second_tokens, shown, tokens
from harness.classifiers.protocol import Examples, Target
from harness.classifiers.saved_files import arrays, reading

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

BlockName = Literal["words", "near_words", "chars", "near_chars", "second"]
_TEXTS, _ARRAYS = "terms.json", "terms.npz"


@dataclass(frozen=True)
class Choice:
    """Which terms there are.

    Attributes
    ----------
    target : str
        See :mod:`harness.classifiers.inputs`.
    words : int
        Words an n-gram has at most.
    chars : tuple of int, or None
        Shortest and longest n-grams of characters; None for words only.
    window : float
        In words: how fast a term's weight falls with its distance to the target.
    min_count : int
        Training rows a term must occur in.
    """

    target: Target
    words: int
    chars: tuple[int, int] | None
    window: float
    min_count: int

    @property
    def near(self) -> bool:
        """Whether terms near the target are told apart."""
        return self.target not in ("none", "pair")


@dataclass(frozen=True)
class Block:
    """What is known of a block.

    Attributes
    ----------
    keys : (n,) int array
        Its n-grams, ascending.
    idf : (n,) array
        ``log((1 + rows) / (1 + rows with it)) + 1`` over the training rows.
    """

    keys: NDArray[np.int64]
    idf: NDArray[np.float64]

    def weigh(self, counts: csr_matrix) -> csr_matrix:
        """Turn counts into TF-IDF rows of length 1; a count above 1 grows with its logarithm."""
        counts.sum_duplicates()
        frequency = np.where(counts.data > 1, 1 + np.log(np.maximum(counts.data, 1)), counts.data)
        value = frequency * self.idf[counts.indices]
        row = np.repeat(np.arange(counts.shape[0]), counts.indptr[1:] - counts.indptr[:-1])
        length = np.sqrt(np.bincount(row, weights=value**2, minlength=counts.shape[0]))
        counts.data = value / np.where(length > 0, length, 1)[row]
        return counts


@dataclass(frozen=True)
class Terms:
    """All that was learned of the terms of a corpus.

    Attributes
    ----------
    choice : Choice
    words, grams : Numbers
        The words, and the n-grams of characters, that keys stand for.
    blocks : dict
        By name, in the order of a row.
    """

    choice: Choice
    words: Numbers
    grams: Numbers
    blocks: dict[BlockName, Block]

    def rows(self, examples: Examples) -> csr_matrix:
        """Return TF-IDF rows, ``(n, terms)``; terms that were not learned are left out."""
        texts = self.texts(examples)
        tables = [
            block.weigh(self.counter(name).count_known(texts.of(name), block.keys))
            for name, block in self.blocks.items()
        ]
        return _beside(tables)

    def texts(self, examples: Examples) -> Texts:
        """Split the texts of examples into words, as they are shown."""
        return Texts(examples, self.choice.target)

    def counter(self, name: BlockName) -> WordGrams | CharGrams:
        """Return what counts the terms of a block."""
        return _counter(name, self.choice, self.words, self.grams)

    def write(self, folder: Path) -> None:
        """Write words as JSON and numbers as arrays; :func:`read` returns equal terms."""
        texts = {"choice": asdict(self.choice), "words": self.words.texts, "grams": self.grams.texts}
        (folder / _TEXTS).write_text(json.dumps(texts), encoding="utf-8")
        numbers: dict[str, Any] = {}
        for name, block in self.blocks.items():
            numbers |= {f"{name}.keys": block.keys, f"{name}.idf": block.idf}
        np.savez_compressed(folder / _ARRAYS, **numbers)


def learn(examples: Examples, choice: Choice) -> tuple[Terms, csr_matrix]:
    """Learn which terms there are; return them with the TF-IDF rows of the examples."""
    texts = Texts(examples, choice.target)
    words = _common_words([texts.first, texts.second], choice.min_count)
    grams = _common_grams(texts.first, choice.chars, choice.min_count) if choice.chars else Numbers(())
    blocks: dict[BlockName, Block] = {}
    tables = []
    for name in _names(choice):
        keys, counts = _counter(name, choice, words, grams).count(texts.of(name))
        rows_with = _rows_with(counts)
        kept = np.flatnonzero(rows_with >= choice.min_count)
        idf = np.log((1 + len(examples)) / (1 + rows_with[kept])) + 1
        blocks[name] = Block(keys[kept], idf)
        tables.append(blocks[name].weigh(counts[:, kept]))
    return Terms(choice, words, grams, blocks), _beside(tables)


def read(folder: Path) -> Terms:
    """Read what :meth:`Terms.write` wrote.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged.
    """
    with reading(folder / _TEXTS):
        texts = json.loads((folder / _TEXTS).read_text(encoding="utf-8"))
        words, grams = (Numbers(tuple(texts[name])) for name in ("words", "grams"))
        given: dict[str, Any] = texts["choice"]
        choice = Choice(**{**given, "chars": given["chars"] and tuple(given["chars"])})
    with arrays(folder / _ARRAYS) as found:
        blocks = {name: Block(found[f"{name}.keys"], found[f"{name}.idf"]) for name in _names(choice)}
    return Terms(choice, words, grams, blocks)


class Texts:
    """The first and second texts of examples, split when asked for."""

    def __init__(self, examples: Examples, target: Target) -> None:
        self.views, self.target = shown(examples, target), target

    @cached_property
    def first(self) -> Tokens:
        """The words of the sentences."""
        return tokens(self.views, self.target)

    @cached_property
    def second(self) -> Tokens:
        """The words of the second texts."""
        return second_tokens(self.views)

    def of(self, name: BlockName) -> Tokens:
        """Return the words that a block counts."""
        return self.second if name == "second" else self.first


def _names(choice: Choice) -> list[BlockName]:
    """Name the blocks of a row, in their order."""
    there: dict[BlockName, bool] = {
        "words": True,
        "near_words": choice.near,
        "chars": choice.chars is not None,
        "near_chars": choice.near and choice.chars is not None,
        "second": choice.target != "none",
    }
    return [name for name, is_there in there.items() if is_there]


def _counter(name: BlockName, choice: Choice, words: Numbers, grams: Numbers) -> WordGrams | CharGrams:
    window = choice.window if name.startswith("near") else None
    if choice.chars is not None and name.endswith("chars"):
        return CharGrams(grams, choice.chars, window)
    return WordGrams(words, choice.words, window)


def _common_words(texts: Sequence[Tokens], min_count: int) -> Numbers:
    """Keep the words that enough rows have, in one text or the other."""
    counts: Counter[str] = Counter()
    for found in texts:
        # A word counts once a row.
        once = np.unique(found.row * len(found.words) + found.code) % max(len(found.words), 1)
        counts.update(
            dict(zip(found.words, np.bincount(once, minlength=len(found.words)).tolist(), strict=True))
        )
    return Numbers(tuple(word for word, count in counts.items() if count >= min_count))


def _common_grams(found: Tokens, lengths: tuple[int, int], min_count: int) -> Numbers:
    """Keep the n-grams of characters that enough rows have."""
    candidates = Numbers(
        tuple(dict.fromkeys(piece for word in found.words for piece in pieces_of(word, lengths)))
    )
    _, counts = CharGrams(candidates, lengths).count(found)
    kept = np.flatnonzero(_rows_with(counts) >= min_count)
    return Numbers(tuple(candidates.texts[number] for number in kept.tolist()))


def _rows_with(counts: csr_matrix) -> NDArray[np.int64]:
    counts.sum_duplicates()
    return np.bincount(counts.indices, minlength=counts.shape[1])


def _beside(tables: Sequence[csr_matrix]) -> csr_matrix:
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack(tables, format="csr"))
