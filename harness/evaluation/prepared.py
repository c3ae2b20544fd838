"""A plan with its corpus read and its splits drawn; and the same for the other task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from harness.classifiers.protocol import Labelled, examples_of
from harness.config.plan import Plan, card_of
from harness.scoring.metrics import selection
from harness.scoring.metrics.selection import refusal
from harness.splits import PARTS, Split
from harness.values.catalog import Bound
from harness.values.labels import STANCES, LabelSet, Task
from harness.values.tables import Corpus

UNSELECTED = "unselected"
"""All rows but those of validation: what is trained on where nothing is left to be tested."""


@dataclass(frozen=True)
class Prepared:
    """A plan with its corpus read and its splits drawn.

    Attributes
    ----------
    plan : Plan
    corpus : Corpus
        What the task scores, see :meth:`Corpus.for_task`.
    splits : tuple of Split
        One a fold.
    entire : Corpus or None
        As read, rows of the other task included; None where that is not known.
    """

    plan: Plan
    corpus: Corpus
    splits: tuple[Split, ...]
    entire: Corpus | None = None

    def part(self, split: Split, name: str) -> Corpus:
        """Return the rows of ``"train"``, ``"validation"``, ``"calibration"``, ``"test"`` or
        :data:`UNSELECTED`.
        """
        if name != UNSELECTED:
            return self.corpus.take(split.part(name))
        rows = self.corpus.rows
        return replace(self.corpus, rows=rows[~rows["id"].isin(set(split.validation))])

    def labelled(self, split: Split, name: str) -> Labelled:
        """Return the same as examples with encoded labels."""
        return self.whole(self.part(split, name))

    def whole(self, corpus: Corpus) -> Labelled:
        """Turn corpus rows into examples with encoded labels."""
        return Labelled(examples_of(corpus.rows, corpus.parties), corpus.truth(self.plan.labels))

    @cached_property
    def other(self) -> Prepared | None:
        """The same articles, divided in the same way, for the other task; None where it has no labels.

        The experiment is called ``NAME-framing``, or ``NAME-stance``. It is scored by the standard metrics of
        its task. Sentences of articles that stand in two parts go with their own text, or are left out.
        """
        if self.entire is None:
            return None
        config, task = self.plan.config, _other_task(self.plan.config.task)
        labels = labels_of(self.plan, self.entire, task)
        if labels is None:
            return None
        corpus = self.entire.for_task(task, labels)
        primary = config.primary if not refusal(self.plan.primary, labels) else selection.PRIMARY
        named = {"name": f"{config.name}-{task}", "task": task, "labels": labels.names, "primary": primary}
        reset = {"metrics": None, "model_name": None, "multi": labels.multi if task == "framing" else None}
        metrics = selection.resolve(None, primary, labels)
        plan = replace(
            self.plan,
            config=config.model_copy(update={**named, **reset}),
            labels=labels,
            metrics=metrics,
            primary=next(one for one in metrics if one.name == primary),
            classifiers=tuple(one for one in self.plan.classifiers if reads_both(one.bound)),
        )
        splits = tuple(_as_divided(corpus, self.corpus, split) for split in self.splits)
        return Prepared(plan, corpus, splits, self.entire)

    def both(self, split: Split, name: str) -> Labelled:
        """Return a part with that of the other task beside it; see :attr:`other`."""
        own, other = self.labelled(split, name), self.other
        if other is None:
            return own
        theirs = next(one for one in other.splits if one.fold == split.fold)
        beside = other.labelled(theirs, name) if name == UNSELECTED or theirs.part(name) else None
        return replace(own, other_task=beside)


def reads_both(bound: Bound) -> bool:
    """Say whether a classifier learns both tasks, as its factory declares; see
    :func:`harness.classifiers.protocol.learns_both_tasks`.
    """
    return bool(getattr(bound.factory, "learns_both_tasks", False))


def labels_of(plan: Plan, corpus: Corpus, task: Task) -> LabelSet | None:
    """Return the labels of a task in a corpus: the plan's, the card's, or those that occur.

    Parameters
    ----------
    plan : Plan
    corpus : Corpus
        As read, or its rows of one task.
    task : {"stance", "framing"}

    Returns
    -------
    LabelSet or None
        None where no row is labelled for the task, or all alike.
    """
    if plan.config.task == task:
        return plan.labels
    occurring = list(dict.fromkeys(_occurring(corpus, task)))
    if not occurring or (task == "stance" and len(occurring) < 2):
        return None
    card = card_of(plan.corpus)
    declared = card.labels.get(task) if card is not None else None
    if declared is not None and set(occurring) <= set(declared.names):
        return declared
    known = [name for name in STANCES if name in occurring] if task == "stance" else []
    return LabelSet((*known, *sorted(set(occurring) - set(known))), multi=task == "framing")


def _occurring(corpus: Corpus, task: Task) -> Iterator[str]:
    if task == "stance":
        yield from corpus.rows["stance"].dropna()
        return
    for frames in corpus.rows["frames"].dropna():
        yield from frames


def _other_task(task: Task) -> Task:
    return "framing" if task == "stance" else "stance"


def _as_divided(corpus: Corpus, model: Corpus, split: Split) -> Split:
    """Divide a corpus by articles as another was; rows without one go by their text."""
    part_of = {id_: part for part in PARTS for id_ in split.part(part)}
    places: dict[Any, set[str]] = {}
    for id_, *keys in zip(model.rows["id"], *_keys(model), strict=True):
        for key in keys if id_ in part_of else ():
            places.setdefault(key, set()).add(part_of[id_])
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for id_, sentence, article in zip(corpus.rows["id"], *_keys(corpus), strict=True):
        found = places.get(sentence) or places.get(article, set())
        if len(found) == 1:
            parts[next(iter(found))].append(id_)
    return Split(split.fold, *(tuple(parts[part]) for part in PARTS))


def _keys(corpus: Corpus) -> tuple[list[Any], list[Any]]:
    """Return what each row's sentence and its article go by."""
    rows = corpus.rows
    groups = rows["group"].astype(object).where(rows["group"].notna(), None)
    sentences = list(zip(groups, rows["text"], strict=True))
    articles = [one if group is None else group for one, group in zip(sentences, groups, strict=True)]
    return sentences, articles
