"""The table of a suite in; which classifiers differ over corpora, not on one alone, out.

A test on one corpus is about more items of that corpus. Whether one classifier is better on corpora in
general, only corpora can tell: each counts once, by the sign and the rank of its difference in macro-F1
(Wilcoxon's signed-rank test, Holm's correction for the number of pairs; Demšar 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from harness.runs.suites.table import SuiteRow
from harness.scoring.statistics.multiplicity import SIGNIFICANCE_LEVEL, holm
from harness.values.formatting import counted, p_value

# Were all of five signs equal, the two-sided p would be 2 / 2^5 = 0.06.
MIN_CORPORA = 6
"""With fewer corpora, a signed-rank test can establish nothing."""


@dataclass(frozen=True)
class AcrossCorpora:
    """Two classifiers over the corpora that both are finished on.

    Attributes
    ----------
    better, worse : str
        The one with the higher mean macro-F1 first.
    n_corpora, wins : int
        Corpora, and those of them on which the first is better.
    mean : float
        Mean difference in macro-F1.
    p : float
        Of the signed-rank test, corrected.
    """

    better: str
    worse: str
    n_corpora: int
    wins: int
    mean: float
    p: float

    @property
    def established(self) -> bool:
        """Whether the first is shown to be better over corpora."""
        return self.p <= SIGNIFICANCE_LEVEL


def across_corpora(corpus_of: Mapping[str, str], table: Sequence[SuiteRow]) -> tuple[AcrossCorpora, ...]:
    """Compare classifiers over corpora; pairs with fewer than :data:`MIN_CORPORA` are left out.

    Parameters
    ----------
    corpus_of : mapping
        Key of each experiment → its corpus. Experiments on one corpus are averaged: they are no two corpora.
    table : sequence of SuiteRow
        Means and published numbers are passed over.
    """
    values: dict[str, dict[str, list[float]]] = {}
    for row in table:
        if row.corpus in corpus_of and not row.published and not math.isnan(row.f1_macro):
            of_corpus = values.setdefault(row.classifier, {}).setdefault(corpus_of[row.corpus], [])
            of_corpus.append(row.f1_macro)
    means = {
        name: {corpus: sum(each) / len(each) for corpus, each in scored.items()}
        for name, scored in values.items()
    }
    pairs = [
        _compared(first, second, means[first], means[second])
        for first, second in combinations(sorted(means), 2)
    ]
    enough = [pair for pair in pairs if pair.n_corpora >= MIN_CORPORA]
    corrected = holm([pair.p for pair in enough])
    return tuple(replace(pair, p=p) for pair, p in zip(enough, corrected, strict=True))


def across_sentences(corpus_of: Mapping[str, str], table: Sequence[SuiteRow]) -> Iterator[str]:
    """Say what was established over corpora; nothing for a suite of one classifier or one corpus."""
    pairs = across_corpora(corpus_of, table)
    for pair in pairs:
        what = "is shown to be better than" if pair.established else "is not shown to be better than"
        yield (
            f"{pair.better} {what} {pair.worse} over {counted(pair.n_corpora, 'corpus', 'corpora')}: higher"
            f" macro-F1 on {pair.wins}, by {pair.mean:.3f} on average (signed-rank test, corrected,"
            f" p {p_value(pair.p, less='< ')})."
        )
    ours = [row for row in table if row.corpus in corpus_of and not row.published]
    if not pairs and min(len({row.corpus for row in ours}), len({row.classifier for row in ours})) > 1:
        yield (
            f"Classifiers are compared over corpora where {MIN_CORPORA} corpora are finished for both: fewer"
            " can establish nothing."
        )


def _compared(
    first: str, second: str, firsts: Mapping[str, float], seconds: Mapping[str, float]
) -> AcrossCorpora:
    from scipy.stats import wilcoxon

    common = sorted(firsts.keys() & seconds.keys())
    differences = [firsts[corpus] - seconds[corpus] for corpus in common]
    mean = sum(differences) / len(differences) if differences else 0.0
    if mean < 0:
        first, second, differences, mean = second, first, [-each for each in differences], -mean
    p = 1.0
    if len(common) >= MIN_CORPORA and any(differences):
        p = float(wilcoxon(differences).pvalue)
    return AcrossCorpora(first, second, len(common), sum(each > 0 for each in differences), mean, p)
