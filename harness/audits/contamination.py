"""Test sentences in, whether a language model seems to have them by heart out.

Each sentence is cut in half, and so is a paraphrase of it (:mod:`harness.audits.paraphrases`). A model that
has read the sentence finishes it, word for word, better than the paraphrase; one that has not finishes both
as well as it can. The completions are guided by the name of the corpus (Golchin & Surdeanu 2024, Time travel
in LLMs, ICLR); that paraphrases stand for sentences that were never read is as in their Data contamination
quiz (2023).

What it cannot show: a model may have seen the labels of sentences that it does not repeat, so that passing is
no proof of a clean test set. And a sentence that is printed in many newspapers is known by heart without the
corpus, which spoils the test as well. The other way round, authors prefer the commoner of two words, and so
does a model that has read nothing: a small difference means nothing, hence :data:`MARGIN`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.audits import intervals
from harness.audits.paraphrases import LANGUAGE, paraphrased
from harness.audits.verdicts import at_most, what_would_decide
from harness.classifiers.llm.completing import Beginning
from harness.values import seeds
from harness.values.findings import Detail, Finding, Measure, not_applicable
from harness.values.formatting import counted, number
from harness.values.language import describe, not_in
from harness.values.minimums import MIN_ITEMS
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAME = "contamination"
MIN_WORDS = 12
"""A shorter sentence leaves too few words to finish."""

VERBATIM = 0.8
"""Overlap from which an ending counts as repeated word for word."""

MARGIN = 0.03
"""Difference in overlap that counts as none. SmolLM2 finished 100 sentences of partyline, which it cannot
have read, worse than their paraphrases by .005 (.001 to .009); it is a weak writer, and others may differ."""

MAX_SHOWN_ROWS = 20


@dataclass(frozen=True)
class Probe:
    """A test sentence and its paraphrase, both cut at the same word.

    Attributes
    ----------
    id : str
        Of the first row with this sentence.
    group : str
        Its article; where there is none, its id.
    sentence, paraphrase : Beginning
    """

    id: str
    group: str
    sentence: Beginning
    paraphrase: Beginning


def probes(tested: Corpus, part: str, count: int, seed: int) -> list[Probe] | Finding:
    """Draw the sentences to finish.

    Parameters
    ----------
    tested : Corpus
        The rows of a part of a split.
    part : str
        Its name.
    count : int
        At most.
    seed : int
        Of the draw.

    Returns
    -------
    list of Probe, or Finding
        The finding where the probe does not apply, because of language or of too few sentences.
    """
    if tested.languages and LANGUAGE not in tested.languages:
        language = describe([LANGUAGE])
        return not_applicable(NAME, f"The paraphrases are in {language}: {not_in(tested.languages)}.")
    usable: dict[str, Probe] = {}
    columns = (tested.rows[name] for name in ("id", "group", "text"))
    for id_, group, text in zip(*columns, strict=True):
        halves = _halves(str(text))
        if str(text) in usable or halves is None:
            continue
        changed = (paraphrased(halves[0])[0], paraphrased(halves[1])[0])
        name = group if isinstance(group, str) else str(id_)
        sentence, paraphrase = (
            Beginning(first, second, tested.name, part) for first, second in (halves, changed)
        )
        usable[str(text)] = Probe(str(id_), name, sentence, paraphrase)
    every = list(usable.values())
    if len(every) < MIN_ITEMS:
        return not_applicable(
            NAME,
            f"{counted(len(every), 'sentence')} of {part} can be cut in half and paraphrased;"
            f" {MIN_ITEMS} are needed.",
        )
    if count < MIN_ITEMS:
        # Before anything is asked: what was paid for would say nothing.
        return not_applicable(
            NAME, f"{counted(count, 'sentence')} of {part} may be asked about; {MIN_ITEMS} are needed."
        )
    if len(every) <= count:
        return every
    chosen = seeds.generator(seed, NAME).choice(len(every), size=count, replace=False)
    return [every[index] for index in sorted(chosen.tolist())]


def _halves(text: str) -> tuple[str, str] | None:
    """Cut a sentence in half; None where it is short, or the rules find nothing to paraphrase."""
    words = text.split()
    middle = (len(words) + 1) // 2
    halves = " ".join(words[:middle]), " ".join(words[middle:])
    if len(words) < MIN_WORDS or not any(paraphrased(half)[1] for half in halves):
        return None
    return halves


def judged(asked: Sequence[Probe], sentences: Sequence[float], paraphrases: Sequence[float]) -> Finding:
    """Compare how well sentences and their paraphrases were finished.

    Parameters
    ----------
    asked : sequence of Probe
    sentences, paraphrases : sequence of float
        The overlap of each, in [0, 1]; NaN without an answer.

    Returns
    -------
    Finding
        ``failed`` where sentences are shown to be finished better by more than :data:`MARGIN`, ``passed``
        where they are shown not to be; 95 % intervals over groups.
    """
    pairs = np.array([sentences, paraphrases], dtype=np.float64).T.reshape(len(asked), 2)
    answered = ~np.isnan(pairs).any(axis=1)
    if int(answered.sum()) < MIN_ITEMS:
        why = f"{counted(int(answered.sum()), 'pair')} of {len(asked)} were answered; {MIN_ITEMS} are needed."
        return not_applicable(NAME, why)
    n_asked = len(asked)
    asked = [asked[index] for index in np.flatnonzero(answered).tolist()]
    pairs, clusters = pairs[answered], [probe.group for probe in asked]
    advantage = intervals.mean("advantage", pairs[:, 0] - pairs[:, 1], clusters)
    measures = (
        advantage,
        intervals.mean("sentence_overlap", pairs[:, 0], clusters),
        intervals.mean("paraphrase_overlap", pairs[:, 1], clusters),
        intervals.rate("sentences_verbatim", pairs[:, 0] >= VERBATIM, clusters),
        intervals.rate("paraphrases_verbatim", pairs[:, 1] >= VERBATIM, clusters),
    )
    verdict = at_most(advantage, MARGIN)
    sentence = _sentence(measures, pairs)
    if verdict == "undecided":
        sentence += f" {what_would_decide(advantage, MARGIN)}"
    if len(asked) < n_asked:
        sentence += f" Without an answer: {counted(n_asked - len(asked), 'pair')}."
    return Finding(NAME, verdict, sentence, measures, (_table(asked, pairs),))


def _sentence(measures: Sequence[Measure], pairs: NDArray[np.float64]) -> str:
    advantage, sentences, paraphrases, *_ = measures
    verbatim = (pairs >= VERBATIM).sum(axis=0).tolist()
    between = "" if math.isnan(advantage.low) else f" ({number(advantage.low)} to {number(advantage.high)})"
    return (
        f"The model writes {number(sentences.value)} of the endings of"
        f" {counted(advantage.n, 'test sentence')} and {number(paraphrases.value)} of those of"
        f" their paraphrases, a difference of"
        f" {number(advantage.value)}{between}; word for word it repeats {verbatim[0]} and {verbatim[1]}."
    )


def _table(asked: Sequence[Probe], pairs: NDArray[np.float64]) -> Detail:
    """Return the sentences that are most probably known by heart."""
    order = np.argsort(pairs[:, 1] - pairs[:, 0], kind="stable")[:MAX_SHOWN_ROWS]
    rows = tuple(
        (
            asked[index].id,
            f"{asked[index].sentence.text} … {asked[index].sentence.ending}",
            float(pairs[index, 0]),
            float(pairs[index, 1]),
        )
        for index in order.tolist()
        if pairs[index, 0] > pairs[index, 1]
    )
    columns = ("id", "sentence", "overlap", "overlap of its paraphrase")
    title = "Sentences whose ending is known better than that of their paraphrase"
    return Detail(NAME, title, columns, rows, ("sentence",))
