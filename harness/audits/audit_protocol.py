"""What an audit gets, a classifier and its test items; and what it asks for, more predictions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.protocol import Example, Examples
from harness.scoring.metrics.metric import Metric
from harness.splits import Split
from harness.values.findings import Finding
from harness.values.formatting import percent
from harness.values.labels import LabelSet, Task
from harness.values.language import describe, not_in
from harness.values.memo import once
from harness.values.minimums import MIN_ITEMS
from harness.values.polarity import Polarity, polarity
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

MIN_SHARED = 0.1
"""If fewer sentences than this share name several parties, nothing can show what reading the party is worth:
a classifier that ignores it would score nearly as well."""

FRAMES = "Frames belong to the sentence, whichever party is asked about."
"""Why audits of parties do not apply to framing."""


@dataclass(frozen=True)
class Unavailable:
    """Something that an audit needs and that does not exist.

    Attributes
    ----------
    reason : str
        A full sentence.
    """

    reason: str


@dataclass(frozen=True)
class Subject:
    """One classifier on one corpus.

    Attributes
    ----------
    name : str
        Of the classifier.
    task : {"stance", "framing"}
    labels : LabelSet
    corpus : Corpus
        All rows that the task scores.
    tested : Corpus
        The audited rows: rows that the audited model was not trained on.
    proba : (len(tested), len(labels)) array
        What the audited model predicts for them.
    predicted : array
        The same as label codes, see :meth:`LabelSet.decide`.
    metric : Metric
        The primary metric of the experiment.
    predictions : Predictions or None
        Of all seeds, folds and splits; None if there is only a model.
    splits : tuple of Split
        Empty if there is only a model.
    held_out_by : str
        The column whose values the split holds out, ``date`` for a split forward in time; empty for other
        splits.
    without_target : Predictions or Unavailable
        Of the same classifier, trained without the target.
    can_omit_target : bool
        Whether the model accepts examples without a target.
    seed : int
        Root of the random streams of the audits.
    languages : tuple of str
        Codes of the languages that the classifier labels; empty where they are unknown.
    may_miss : bool
        Whether a prediction may be missing: NaN in ``proba``, -1 in ``predicted``.
    """

    name: str
    task: Task
    labels: LabelSet
    corpus: Corpus
    tested: Corpus
    proba: Array
    predicted: Codes
    metric: Metric
    predictions: Predictions | None = None
    splits: tuple[Split, ...] = ()
    held_out_by: str = ""
    without_target: Predictions | Unavailable = Unavailable("It was not trained without the target.")
    can_omit_target: bool = True
    seed: int = 0
    languages: tuple[str, ...] = ()
    may_miss: bool = False

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The tested rows as examples."""
        return corpus_examples(self.tested)

    @cached_property
    def truth(self) -> Codes:
        """The gold labels of the tested rows, see :meth:`Corpus.truth`."""
        return self.tested.truth(self.labels)

    @cached_property
    def clusters(self) -> Codes:
        """The group of each tested row as a code; a row without one is its own group."""
        return clusters_of(self.tested.rows)

    @cached_property
    def targets_of(self) -> Mapping[str, tuple[str, ...]]:
        """Text → all its targets in the corpus."""
        return once(self.corpus, "targets", lambda: _targets_of(self.corpus))

    @cached_property
    def corpus_example_of(self) -> Mapping[tuple[str, str], Example]:
        """Text and target → the example of the corpus that has both."""
        return once(self.corpus, "examples by target", lambda: _example_of(self.corpus))

    @cached_property
    def share_with_several_targets(self) -> float:
        """Share of the tested sentences that have two targets or more, in [0, 1]."""
        texts = {example.text for example in self.examples}
        return sum(len(self.targets_of.get(text, ())) > 1 for text in texts) / max(1, len(texts))

    def no_parties_reason(self) -> str:
        """Return why an audit of parties does not apply, as a sentence; empty if it does."""
        if self.labels.multi or self.task == "framing":
            return FRAMES
        if all(example.target is None for example in self.examples):
            return "No test item has a target."
        return ""

    def no_language_reason(self, what: str, languages: Collection[str]) -> str:
        """Return that an audit is in other languages than the classifier, as a sentence; empty if it is not.

        Parameters
        ----------
        what : str
            What of the audit is in a language: ``"The sentence pairs are"``.
        languages : collection of str
            Codes of those that it knows.
        """
        # Where the classifier's are unknown, the audit is run: short texts are in no language for certain.
        if not self.languages or set(languages) & set(self.languages):
            return ""
        return f"{what} in {describe(sorted(languages))}: {not_in(self.languages)}."

    def few_shared_reason(self) -> str:
        """Return that too few sentences name several parties, as a sentence; empty if there are enough."""
        share = self.share_with_several_targets
        if share >= MIN_SHARED:
            return ""
        return (
            f"Only {percent(share, unit=' %')} of the test sentences have two targets or more"
            f" ({percent(MIN_SHARED, unit=' %')} are needed): the sentence alone determines the label,"
            " whichever party is asked about."
        )

    def few_items_reason(self, n: int, what: str) -> str:
        """Return that an audit has too few items for a verdict, as a sentence; empty if there are enough.

        Parameters
        ----------
        n : int
            Test items that it can use.
        what : str
            Which those are: ``"are about a known party"``.
        """
        if n >= MIN_ITEMS:
            return ""
        return f"Too few items: {n:,} of {len(self.examples):,} {what}; {MIN_ITEMS} are needed."

    @cached_property
    def polarity(self) -> Polarity | None:
        """The labels for criticism and support; None where the names of the labels do not tell."""
        return polarity(self.labels.names)

    def sample_rows(self, n: int, *stream: str, among: Sequence[int] | None = None) -> list[int]:
        """Draw ``n`` different tested rows at random, or all if there are fewer; return rising positions."""
        from harness.values import seeds

        rows = list(range(len(self.examples))) if among is None else list(among)
        # No random numbers are used then, so that a small corpus gives the same items for any seed.
        if len(rows) <= n:
            return rows
        # Each audit has a stream of its own: one more in the config changes nothing that the others draw.
        chosen = seeds.generator(self.seed, "audits", *stream).choice(len(rows), size=n, replace=False)
        return sorted(rows[index] for index in chosen)


def clusters_of(rows: pd.DataFrame) -> Codes:
    """Return the group of each row of a corpus as a code; a row without one is its own group."""
    import pandas as pd

    # With a prefix, so that no id is taken for the name of a group.
    names = rows["group"].astype(object).where(rows["group"].notna(), "item " + rows["id"].astype(str))
    return pd.factorize(names)[0].astype("int64")


def _targets_of(corpus: Corpus) -> dict[str, tuple[str, ...]]:
    # Dicts in place of sets: variants are chosen by position, and the order of a set of strings changes from
    # process to process.
    targets_of: dict[str, dict[str, None]] = {}
    for text, target in zip(corpus.rows["text"], corpus.rows["target"], strict=True):
        if isinstance(target, str):
            targets_of.setdefault(str(text), {})[target] = None
    return {text: tuple(targets) for text, targets in targets_of.items()}


def _example_of(corpus: Corpus) -> dict[tuple[str, str], Example]:
    examples = corpus_examples(corpus)
    return {(example.text, example.target): example for example in examples if example.target is not None}


@dataclass(frozen=True)
class Answers:
    """What the audited model predicts for examples.

    Attributes
    ----------
    labels : LabelSet
    proba_of : mapping
        Example → its probabilities, ``(k,)``.
    """

    labels: LabelSet
    proba_of: Mapping[Example, Any] = field(repr=False)

    def proba(self, examples: Examples) -> Array:
        """Return ``(n, k)`` probabilities; NaN where the model gave no answer."""
        rows = [self.proba_of[example] for example in examples]
        # An array of no rows would lack the axis of labels.
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.labels))

    def predicted(self, examples: Examples) -> Codes:
        """Return the predicted label codes; -1 where the model gave no answer."""
        return self.labels.decide(self.proba(examples))


@dataclass(frozen=True)
class Queries:
    """Examples that an audit needs predictions for, and how it evaluates them.

    Attributes
    ----------
    examples : tuple of Example
    evaluate : callable
        Answers → Finding; the answers contain these examples and all tested rows.
    """

    examples: tuple[Example, ...]
    evaluate: Callable[[Answers], Finding]


class Audit(Protocol):
    """What the factory of an audit returns.

    ``needs_model`` says whether it needs predictions for other examples than the tested rows.
    """

    needs_model: bool

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Return the examples to predict; or the finding, if no prediction is needed."""
