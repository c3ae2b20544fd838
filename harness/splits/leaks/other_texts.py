"""Texts that classifiers learn from beside the corpus in, the test rows that stand in them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.splits.leaks.duplicates import normalised
from harness.splits.leaks.likeness import likeness
from harness.splits.leaks.repeats import Fold, Repeat, TwoParts, repeats
from harness.values.findings import Measure
from harness.values.formatting import agreeing, counted


@dataclass(frozen=True)
class OtherTexts:
    """Test rows among the texts that classifiers learn from beside the corpus.

    Attributes
    ----------
    n_test : int
    repeats : mapping
        Name of each classifier with such texts → the test rows that stand in them, or nearly.
    """

    n_test: int
    repeats: Mapping[str, Sequence[Repeat]]

    @property
    def warns(self) -> bool:
        """Whether there are any."""
        return any(self.repeats.values())

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each classifier with such texts."""
        for name, rows in self.repeats.items():
            n, verbatim = len(rows), sum(row.verbatim for row in rows)
            tested = counted(self.n_test, "test row")
            if not n:
                yield f"None of {tested} stands in what {name} reads beside the corpus."
                continue
            how = "word for word" if verbatim == n else f"{verbatim:,} word for word, the others nearly"
            yield (
                f"{n:,} of {tested} {agreeing(n, 'stands', 'stand')} in what {name} reads beside the"
                f" corpus ({how}): its scores on test are not those on new text."
            )

    def measures(self) -> tuple[Measure, ...]:
        """Return the largest number of test rows in the texts of a classifier; none without texts."""
        if not self.repeats:
            return ()
        most = max(map(len, self.repeats.values()))
        return (Measure("unlabelled_rows", float(most), n=self.n_test),)


def other_texts(
    text_of: Mapping[str, str], folds: Sequence[Fold], texts_of: Mapping[str, Sequence[str]], near: float
) -> OtherTexts:
    """Look for test rows among texts that classifiers learn from beside the corpus.

    Parameters
    ----------
    text_of : mapping
        Id of each row of the corpus → its text.
    folds : sequence of Fold
    texts_of : mapping
        Name of a classifier → such texts.
    near : float
        Jaccard similarity of near duplicates, in (0, 1].
    """
    test = tuple(dict.fromkeys(id_ for fold in folds for id_ in fold.test))
    of_test = [normalised(text_of[id_]) for id_ in test]
    rows: dict[str, Sequence[Repeat]] = {}
    for name, texts in texts_of.items():
        others = list(dict.fromkeys(map(normalised, texts)))
        # Ids of a corpus are texts of any kind: these begin with a character that none of them has.
        ids = tuple(f"\x1dunlabelled {number}" for number in range(1, len(others) + 1))
        words = [*of_test, *others]
        alike = likeness(list(dict.fromkeys(words)), near)
        rows[name] = repeats([*test, *ids], words, [TwoParts(ids, test)], alike)
    return OtherTexts(len(test), rows)
