"""Examples in, TF-IDF rows out.

A row has blocks, each scaled to length 1, so that none outweighs another:

``words``        n-grams of the words of the whole sentence
``near_words``   the same near the target, before and after it, see :mod:`harness.classifiers.linear.grams`
``chars``        n-grams of the characters inside words, of the whole sentence
``near_chars``   the same near the target, before and after it
``second``       words of the second text, if there is one
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

from harness.classifiers.linear.grams import CharGrams, Vocabulary, WordGrams, char_grams_of
from harness.classifiers.linear.tokens import Tokens, tokenize, tokenize_second, views_of
from harness.classifiers.protocol import Examples, Target
from harness.classifiers.saved_files import arrays, reading

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

BlockName = Literal["words", "near_words", "chars", "near_chars", "second"]
_TEXTS, _ARRAYS = "terms.json", "terms.npz"


@dataclass(frozen=True)
class TermOptions:
    """Which terms are counted.

    Attributes
    ----------
    target : str
        See :mod:`harness.classifiers.inputs`.
    words : int
        Words in an n-gram, at most.
    chars : tuple of int, or None
        Shortest and longest n-grams of characters; None for words only.
    window : float
        In words: how slowly the weight of a term decays with its distance from the target.
    min_count : int
        Training rows that a term must occur in.
    """

    target: Target
    words: int
    chars: tuple[int, int] | None
    window: float
    min_count: int

    @property
    def near(self) -> bool:
        """Whether there are blocks of terms near the target."""
        return self.target not in ("none", "pair")


@dataclass(frozen=True)
class Block:
    """The terms of a block, with their weights.

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
        """Turn counts into TF-IDF rows of length 1, in place; counts above 1 become 1 + log(count)."""
        # A term that occurs twice is two entries as yet, and the logarithm below is of their sum.
        counts.sum_duplicates()
        # Counts near the target are sums of weights and may be below 1, where the logarithm is negative.
        frequency = np.where(counts.data > 1, 1 + np.log(np.maximum(counts.data, 1)), counts.data)
        value = frequency * self.idf[counts.indices]
        row = np.repeat(np.arange(counts.shape[0]), counts.indptr[1:] - counts.indptr[:-1])
        length = np.sqrt(np.bincount(row, weights=value**2, minlength=counts.shape[0]))
        counts.data = value / np.where(length > 0, length, 1)[row]
        return counts


@dataclass(frozen=True)
class Terms:
    """The terms of a corpus, as learned from its training rows.

    Attributes
    ----------
    options : TermOptions
    words, grams : Vocabulary
        The words, and the n-grams of characters, that keys refer to.
    blocks : dict
        By name, in the order of a row.
    """

    options: TermOptions
    words: Vocabulary
    grams: Vocabulary
    blocks: dict[BlockName, Block]

    def rows(self, examples: Examples) -> csr_matrix:
        """Return TF-IDF rows, ``(n, terms)``; unknown terms are left out."""
        texts = self.texts(examples)
        tables = [
            block.weigh(self.counter(name).count_known(texts.of(name), block.keys))
            for name, block in self.blocks.items()
        ]
        return _concatenated(tables)

    def texts(self, examples: Examples) -> TokenizedTexts:
        """Split the texts of examples into words, as the target is shown."""
        return TokenizedTexts(examples, self.options.target)

    def counter(self, name: BlockName) -> WordGrams | CharGrams:
        """Return the counter for the terms of a block."""
        return _counter(name, self.options, self.words, self.grams)

    def write(self, folder: Path) -> None:
        """Write words as JSON and numbers as arrays; :func:`read` returns equal terms."""
        # The keys are those of saved models: they stay, whatever the attributes are called.
        texts = {"choice": asdict(self.options), "words": self.words.texts, "grams": self.grams.texts}
        (folder / _TEXTS).write_text(json.dumps(texts), encoding="utf-8")
        numbers: dict[str, Any] = {}
        for name, block in self.blocks.items():
            numbers |= {f"{name}.keys": block.keys, f"{name}.idf": block.idf}
        np.savez_compressed(folder / _ARRAYS, **numbers)


def learn(examples: Examples, options: TermOptions) -> tuple[Terms, csr_matrix]:
    """Learn the terms of examples; return them with the examples' TF-IDF rows.

    Parameters
    ----------
    examples : sequence of Example
        The training rows.
    options : TermOptions
    """
    texts = TokenizedTexts(examples, options.target)
    words = _common_words([texts.first, texts.second], options.min_count)
    grams = _common_grams(texts.first, options.chars, options.min_count) if options.chars else Vocabulary(())
    blocks: dict[BlockName, Block] = {}
    tables = []
    for name in _names(options):
        keys, counts = _counter(name, options, words, grams).count(texts.of(name))
        document_frequency = _document_frequency(counts)
        frequent = np.flatnonzero(document_frequency >= options.min_count)
        # The smoothed IDF of scikit-learn: a term of every row keeps a weight of 1.
        idf = np.log((1 + len(examples)) / (1 + document_frequency[frequent])) + 1
        blocks[name] = Block(keys[frequent], idf)
        tables.append(blocks[name].weigh(counts[:, frequent]))
    return Terms(options, words, grams, blocks), _concatenated(tables)


def read(folder: Path) -> Terms:
    """Read what :meth:`Terms.write` wrote.

    Raises
    ------
    ClassifierError
        Where a file is missing or damaged.
    """
    with reading(folder / _TEXTS):
        texts = json.loads((folder / _TEXTS).read_text(encoding="utf-8"))
        words, grams = (Vocabulary(tuple(texts[name])) for name in ("words", "grams"))
        saved: dict[str, Any] = texts["choice"]
        options = TermOptions(**{**saved, "chars": saved["chars"] and tuple(saved["chars"])})
    with arrays(folder / _ARRAYS) as by_name:
        blocks = {name: Block(by_name[f"{name}.keys"], by_name[f"{name}.idf"]) for name in _names(options)}
    return Terms(options, words, grams, blocks)


class TokenizedTexts:
    """The words of the first and second texts of examples, split on first use."""

    def __init__(self, examples: Examples, target: Target) -> None:
        self.views, self.target = views_of(examples, target), target

    @cached_property
    def first(self) -> Tokens:
        """The words of the sentences."""
        return tokenize(self.views, self.target)

    @cached_property
    def second(self) -> Tokens:
        """The words of the second texts."""
        return tokenize_second(self.views)

    def of(self, name: BlockName) -> Tokens:
        """Return the words that the terms of a block are made of."""
        return self.second if name == "second" else self.first


def _names(options: TermOptions) -> list[BlockName]:
    """Return the names of the blocks of a row, in order."""
    is_used: dict[BlockName, bool] = {
        "words": True,
        "near_words": options.near,
        "chars": options.chars is not None,
        "near_chars": options.near and options.chars is not None,
        # For a marked target, too: where a text does not name it, the name is the second text.
        "second": options.target != "none",
    }
    return [name for name, used in is_used.items() if used]


def _counter(
    name: BlockName, options: TermOptions, words: Vocabulary, grams: Vocabulary
) -> WordGrams | CharGrams:
    window = options.window if name.startswith("near") else None
    if options.chars is not None and name.endswith("chars"):
        return CharGrams(grams, options.chars, window)
    return WordGrams(words, options.words, window)


def _common_words(texts: Sequence[Tokens], min_count: int) -> Vocabulary:
    """Return the words that enough rows have, in one text or the other."""
    counts: Counter[str] = Counter()
    for tokens in texts:
        # Row and word as one number, so that np.unique counts a word once per row.
        size = len(tokens.words)
        once = np.unique(tokens.row * size + tokens.code) % max(size, 1)
        counts.update(dict(zip(tokens.words, np.bincount(once, minlength=size).tolist(), strict=True)))
    return Vocabulary(tuple(word for word, count in counts.items() if count >= min_count))


def _common_grams(tokens: Tokens, lengths: tuple[int, int], min_count: int) -> Vocabulary:
    """Return the n-grams of characters that enough rows have."""
    candidates = Vocabulary(
        tuple(dict.fromkeys(gram for word in tokens.words for gram in char_grams_of(word, lengths)))
    )
    _, counts = CharGrams(candidates, lengths).count(tokens)
    frequent = np.flatnonzero(_document_frequency(counts) >= min_count)
    return Vocabulary(tuple(candidates.texts[number] for number in frequent.tolist()))


def _document_frequency(counts: csr_matrix) -> NDArray[np.int64]:
    counts.sum_duplicates()
    return np.bincount(counts.indices, minlength=counts.shape[1])


def _concatenated(tables: Sequence[csr_matrix]) -> csr_matrix:
    from scipy.sparse import csr_matrix, hstack

    return csr_matrix(hstack(tables, format="csr"))
