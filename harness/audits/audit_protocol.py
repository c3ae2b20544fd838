"""What an audit looks at: test items and what a classifier said of them; and what it asks in turn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.classifiers.protocol import Example, Examples, examples_of
from harness.scoring.limitations import MIN_ITEMS
from harness.scoring.metrics.metric import Metric
from harness.splits import Split
from harness.values.findings import Finding
from harness.values.labels import LabelSet, Task
from harness.values.tables import Corpus, Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Codes = NDArray[np.int64]

MIN_SHARED = 0.1
"""Where fewer sentences than this share name several parties, what reading the party is worth cannot show."""


FRAMES = "Frames belong to the sentence, whichever party is asked about."
"""Why audits of parties do not apply to framing."""


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
        The rows that are looked at: those that the audited model did not learn from.
    proba : (len(tested), len(labels)) array
        What the audited model says of them.
    said : array
        The labels that it gives them, as codes, see :meth:`LabelSet.decide`.
    metric : Metric
        What the experiment goes by.
    predictions : Predictions or None
        Of all seeds, folds and parts; None where there is a model alone.
    splits : tuple of Split
        Empty where there is a model alone.
    left_out : str
        The column by whose values the split was made, ``date`` for one that goes forward in time; empty for
        other splits.
    blind : Predictions or str
        Of the same classifier, trained without the target; or why there are none.
    accepts_no_target : bool
        Whether the model can be asked without naming a target.
    seed : int
        Of what is drawn.
    """

    name: str
    task: Task
    labels: LabelSet
    corpus: Corpus
    tested: Corpus
    proba: Array
    said: Codes
    metric: Metric
    predictions: Predictions | None = None
    splits: tuple[Split, ...] = ()
    left_out: str = ""
    blind: Predictions | str = ""
    accepts_no_target: bool = True
    seed: int = 0

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The tested rows as examples."""
        return tuple(examples_of(self.tested.rows, self.tested.parties))

    @cached_property
    def truth(self) -> Codes:
        """The gold labels of the tested rows, see :meth:`Corpus.truth`."""
        return self.tested.truth(self.labels)

    @cached_property
    def clusters(self) -> Codes:
        """The group of each tested row, as a code; rows without one are groups of their own."""
        import pandas as pd

        rows = self.tested.rows
        names = rows["group"].astype(object).where(rows["group"].notna(), "item " + rows["id"].astype(str))
        return pd.factorize(names)[0].astype("int64")

    @cached_property
    def targets_of(self) -> Mapping[str, tuple[str, ...]]:
        """Text → the targets that the corpus knows of it."""
        known: dict[str, dict[str, None]] = {}
        rows = self.corpus.rows
        for text, target in zip(rows["text"], rows["target"], strict=True):
            if isinstance(target, str):
                known.setdefault(str(text), {})[target] = None
        return {text: tuple(targets) for text, targets in known.items()}

    @cached_property
    def examples_by_question(self) -> Mapping[tuple[str, str], Example]:
        """Text and target → the example of the corpus that asks it."""
        known = examples_of(self.corpus.rows, self.corpus.parties)
        return {(one.text, one.target): one for one in known if one.target is not None}

    @cached_property
    def several(self) -> NDArray[np.bool_]:
        """Whether the sentence of each tested row has two targets or more."""
        return np.array([len(self.targets_of.get(one.text, ())) > 1 for one in self.examples], dtype=bool)

    @property
    def shared(self) -> float:
        """Share of the tested sentences that have two targets or more."""
        texts = {one.text for one in self.examples}
        return sum(len(self.targets_of.get(text, ())) > 1 for text in texts) / max(1, len(texts))

    def without_parties(self) -> str:
        """Say why an audit of parties does not apply; empty where it does."""
        if self.labels.multi or self.task == "framing":
            return FRAMES
        if all(one.target is None for one in self.examples):
            return "No test item has a target."
        return ""

    def few_share(self) -> str:
        """Say that too few sentences name several parties; empty where there are enough."""
        if self.shared >= MIN_SHARED:
            return ""
        return (
            f"Only {100 * self.shared:.0f} % of the test sentences have two targets or more"
            f" ({100 * MIN_SHARED:.0f} % are needed): the sentence alone settles the label,"
            " whoever is asked about."
        )

    def too_few(self, n: int, what: str) -> str:
        """Say that an audit can look at too few items for a verdict; empty where there are enough.

        Parameters
        ----------
        n : int
            Test items that it can look at.
        what : str
            Which those are: ``"are about a known party"``.
        """
        if n >= MIN_ITEMS:
            return ""
        return f"Too few items: {n:,} of {len(self.examples):,} {what}; {MIN_ITEMS} are needed."

    def lean(self, proba: Array) -> Array:
        """Return how far probabilities lean to the last label and away from the first, in [-1, 1]."""
        return proba[:, -1] - proba[:, 0]

    def drawn(self, n: int, *stream: str, among: Sequence[int] | None = None) -> list[int]:
        """Draw places of tested rows at random: ``n`` different ones, or as many as there are, in order."""
        from harness.values import seeds

        places = list(range(len(self.examples))) if among is None else list(among)
        if len(places) <= n:
            return places
        chosen = seeds.generator(self.seed, "audits", *stream).choice(len(places), size=n, replace=False)
        return sorted(places[place] for place in chosen)


@dataclass(frozen=True)
class Answers:
    """What a classifier said of examples.

    Attributes
    ----------
    labels : LabelSet
    known : mapping
        Example → its probabilities, ``(k,)``.
    """

    labels: LabelSet
    known: Mapping[Example, Any] = field(repr=False)

    def proba(self, examples: Examples) -> Array:
        """Return ``(n, k)`` probabilities."""
        rows = [self.known[one] for one in examples]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self.labels))

    def said(self, examples: Examples) -> Codes:
        """Return the labels given."""
        return self.labels.decide(self.proba(examples))


@dataclass(frozen=True)
class Queries:
    """What an audit wants to ask, and how it judges the answers.

    Attributes
    ----------
    examples : tuple of Example
    judge : callable
        Answers → Finding; the answers hold all the examples and all the tested rows.
    """

    examples: tuple[Example, ...]
    judge: Callable[[Answers], Finding]


class Audit(Protocol):
    """What the factory of an audit makes.

    ``needs_model`` says whether it asks the classifier anything.
    """

    needs_model: bool

    def prepare(self, subject: Subject) -> Queries | Finding:
        """Say what is to be asked; or what is found, where nothing need be."""
