"""Classifiers over corpora: how many it takes, which side wins, what counts as a corpus."""

from __future__ import annotations

import pytest
from golden import Golden
from scipy.stats import wilcoxon

from harness.runs.suites.across import MIN_CORPORA, AcrossCorpora, across_corpora, across_sentences
from harness.runs.suites.table import SuiteRow

LINEAR = (0.61, 0.55, 0.7, 0.66, 0.81, 0.5, 0.45, 0.58)
MARGINS = (0.1, 0.12, 0.05, 0.2, 0.01, -0.02, 0.15, 0.08)


def row(corpus: str, classifier: str, value: float, *, published: bool = False) -> SuiteRow:
    return SuiteRow(corpus, classifier, "f1_macro", value, f1_macro=value, published=published)


def table(n: int, margins: tuple[float, ...] = MARGINS) -> list[SuiteRow]:
    """Two classifiers on so many corpora; ``encoder`` scores higher by the margins."""
    return [
        each
        for number, (value, margin) in enumerate(zip(LINEAR[:n], margins[:n], strict=True))
        for each in (row(f"c{number}", "linear", value), row(f"c{number}", "encoder", value + margin))
    ]


def corpora(n: int) -> dict[str, str]:
    return {f"c{number}": f"corpus {number}" for number in range(n)}


@pytest.mark.parametrize("n", [MIN_CORPORA - 1, MIN_CORPORA])
def test_six_corpora_are_the_least(n: int) -> None:
    always = tuple(abs(margin) for margin in MARGINS)
    pairs = across_corpora(corpora(n), table(n, always))
    if n < MIN_CORPORA:
        assert pairs == ()
        return
    (pair,) = pairs
    # All of six signs are equal: 2 / 2^6.
    assert (pair.better, pair.worse, pair.n_corpora, pair.wins) == ("encoder", "linear", 6, 6)
    assert (pair.p, pair.established) == (pytest.approx(2 / 64), True)


def test_as_scipy_whichever_is_better() -> None:
    (pair,) = across_corpora(corpora(8), table(8))
    expected = wilcoxon(MARGINS).pvalue
    assert (pair.p, pair.wins, pair.n_corpora) == (pytest.approx(expected), 7, 8)
    assert pair.mean == pytest.approx(sum(MARGINS) / 8)
    (reverse,) = across_corpora(corpora(8), table(8, tuple(-margin for margin in MARGINS)))
    assert (reverse.better, reverse.worse) == ("linear", "encoder")
    assert (reverse.p, reverse.wins) == (pytest.approx(expected), 7)


def test_equal_classifiers_are_not_told_apart() -> None:
    (pair,) = across_corpora(corpora(8), table(8, (0.0,) * 8))
    assert (pair.p, pair.established, pair.wins) == (1.0, False, 0)


def test_p_values_are_corrected_for_the_pairs() -> None:
    third = [row(f"c{number}", "prior", 0.3 + 0.01 * number) for number in range(8)]
    pairs = across_corpora(corpora(8), [*table(8), *third])
    alone = [
        across_corpora(corpora(8), [each for each in (*table(8), *third) if each.classifier in pair])[0].p
        for pair in ({"encoder", "linear"}, {"encoder", "prior"}, {"linear", "prior"})
    ]
    assert sorted(pair.p for pair in pairs) == pytest.approx(sorted([max(alone), 3 * 2 / 256, 3 * 2 / 256]))


def test_experiments_on_one_corpus_count_once() -> None:
    one_corpus = corpora(6) | {"c5": "corpus 0"}
    assert across_corpora(one_corpus, table(6)) == ()
    seven = corpora(7) | {"c6": "corpus 0"}
    (pair,) = across_corpora(seven, table(7))
    assert pair.n_corpora == 6
    margins = ((MARGINS[0] + MARGINS[6]) / 2, *MARGINS[1:6])
    assert pair.mean == pytest.approx(sum(margins) / 6)


def test_means_and_published_numbers_are_no_corpora() -> None:
    others = [
        row("all", "linear", 0.9),
        row("c0", "linear", 0.1, published=True),
        row("c1", "prior", float("nan")),
    ]
    assert across_corpora(corpora(8), [*table(8), *others]) == across_corpora(corpora(8), table(8))


def test_sentences(golden: Golden) -> None:
    parts = {
        "eight": (corpora(8), table(8)),
        "six, all won": (corpora(6), table(6, tuple(abs(margin) for margin in MARGINS))),
        "five": (corpora(5), table(5)),
        "one": (corpora(1), table(1)),
    }
    texts = [f"# {name}\n" + "\n".join(across_sentences(*part)) for name, part in parts.items()]
    golden("runs/suites-across", "\n\n".join(texts))
    assert AcrossCorpora("a", "b", 6, 6, 0.1, 0.05).established
    assert not AcrossCorpora("a", "b", 6, 6, 0.1, 0.051).established
