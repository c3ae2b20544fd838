"""A plan in, the same with its corpus read and its splits drawn out; and the same for the other task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from harness.classifiers.checkpoints import LANGUAGES
from harness.classifiers.corpus_rows import corpus_examples
from harness.classifiers.protocol import Labelled
from harness.config.plan import Plan, PlannedClassifier, card_of
from harness.config.plan.budgets import budget_note
from harness.config.plan.plan import UNSET
from harness.evaluation.results import (
    ClassifierResult,
    CorpusInfo,
    ExperimentInfo,
    FinishedClassifier,
    ReportRows,
    SplitInfo,
)
from harness.evaluation.row_origins import refuse_picked_parts
from harness.scoring import slices
from harness.scoring.metrics import selection
from harness.scoring.metrics.selection import refusal
from harness.splits import PARTS, Split, count_repeats
from harness.splits.split import TUNING
from harness.splits.tuning_half import with_tuning_half
from harness.values.catalog import Bound
from harness.values.errors import CorpusError, Problem
from harness.values.formatting import counted
from harness.values.labels import STANCES, LabelSet, Task
from harness.values.language import describe, detect_all, outside
from harness.values.memo import once
from harness.values.minimums import MIN_CORPUS_ROWS, MIN_SCORED_ROWS
from harness.values.tables import Corpus

UNSELECTED = "unselected"
"""All rows but those that choose: the training rows of a refit that is served and never tested."""

TASKS: tuple[Task, ...] = ("stance", "framing")
CROSS_COLUMNS = ("id", "text", "group", "target", "stance", "frames")


@dataclass(frozen=True)
class Prepared:
    """A plan with its corpus read and its splits drawn.

    Attributes
    ----------
    plan : Plan
    corpus : Corpus
        The rows that the task scores, see :meth:`Corpus.for_task`.
    splits : tuple of Split
        One per fold.
    entire : Corpus or None
        As read, including rows of the other task; None where only the rows of the task are known.
    """

    plan: Plan
    corpus: Corpus
    splits: tuple[Split, ...]
    entire: Corpus | None = None

    def __repr__(self) -> str:
        plan, folds = self.plan, len(self.splits)
        return (
            f"Prepared({plan.name!r}: {plan.config.task} on {self.corpus.name},"
            f" {counted(len(self.corpus), 'row')},"
            f" {counted(folds, 'fold')},"
            f" classifiers {', '.join(planned.name for planned in plan.classifiers)})"
        )

    def split_of(self, fold: int) -> Split:
        """Return the split of a fold."""
        return next(split for split in self.splits if split.fold == fold)

    def part(self, split: Split, name: str) -> Corpus:
        """Return the rows of a part of a split, or of :data:`UNSELECTED`."""
        if name != UNSELECTED:
            return self.take(split.part(name))
        rows = self.corpus.rows
        chosen_by = {*split.validation, *split.tuning}
        return replace(self.corpus, rows=rows[~rows["id"].isin(chosen_by)])

    def take(self, ids: Sequence[str]) -> Corpus:
        """Return the rows with these ids, in this order; the same object for the same ids."""
        # Classifiers are fitted on, label and are audited on the same rows.
        return once(self.corpus, ("take", tuple(ids)), lambda: self.corpus.take(ids))

    def labelled(self, split: Split, name: str) -> Labelled:
        """Return the rows of a part as examples with encoded labels."""
        return self.whole(self.part(split, name))

    def whole(self, corpus: Corpus) -> Labelled:
        """Turn corpus rows into examples with encoded labels."""
        # Copies, since a classifier may be anybody's: it may sort what it is given.
        groups = corpus.rows["group"].fillna("").astype(str).tolist()
        return Labelled(list(corpus_examples(corpus)), corpus.truth(self.plan.labels), groups=groups)

    @cached_property
    def other(self) -> Prepared | None:
        """The same articles, split in the same way, for the other task; None where it has no labels.

        The experiment is called ``NAME-framing``, or ``NAME-stance``. It is scored by the standard metrics of
        its task. Where sentences of one article lie in two parts, each goes where its own text lies, or is
        left out.
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
        # Metrics, name and kind of labels belong to the experiment's own task; the other has its standard
        # ones.
        reset = {"metrics": None, "model_name": None, "multi": labels.multi if task == "framing" else None}
        # Costs name the labels of the experiment's own task.
        costless = {name: UNSET[name] for name in ("costs", "decision", "prevalence", "adjust")}
        metrics = selection.resolve(None, primary, labels)
        plan = replace(
            self.plan,
            config=config.model_copy(update={**named, **reset, **costless}),
            labels=labels,
            metrics=metrics,
            primary=next(metric for metric in metrics if metric.name == primary),
            classifiers=tuple(planned for planned in self.plan.classifiers if reads_both(planned.bound)),
        )
        splits = tuple(_divided_like(corpus, self.corpus, split) for split in self.splits)
        return Prepared(plan, corpus, splits, self.entire)

    def both(self, split: Split, name: str) -> Labelled:
        """Return a part together with that of the other task; see :attr:`other`."""
        labelled, other = self.labelled(split, name), self.other
        if other is None:
            return labelled
        others_split = other.split_of(split.fold)
        if name != UNSELECTED and not others_split.part(name):
            return labelled
        return replace(labelled, other_task=other.labelled(others_split, name))

    @cached_property
    def corpus_language_notes(self) -> tuple[str, ...]:
        """Where the texts are in another language than is declared; a sentence each."""
        languages, card = self.corpus.languages, card_of(self.plan.corpus)
        # Texts of the catalogue are what their cards say; a user's own are looked at.
        if not languages or (card is not None and card.languages):
            return ()
        detected = outside(detect_all([str(text) for text in self.corpus.rows["text"]]), languages)
        if not detected:
            return ()
        return (f"The corpus is declared as {describe(languages)}; text in it is in {describe(detected)}.",)

    @property
    def language_notes(self) -> tuple[str, ...]:
        """What a reader of the scores should know about languages; a sentence each."""
        notes = (language_note(planned, self.corpus.languages) for planned in self.plan.classifiers)
        return (*self.corpus_language_notes, *(note for note in notes if note))

    @cached_property
    def info(self) -> ExperimentInfo:
        """What reports say of the experiment."""
        # Cached: the fingerprint serialises the whole corpus.
        plan, config, first = self.plan, self.plan.config, self.splits[0]
        # Folds repeat the notes of their split.
        of_splits = (note for split in self.splits for note in split.notes)
        notes = dict.fromkeys((*self.corpus.notes, *of_splits))
        return ExperimentInfo(
            name=plan.name,
            description=config.description,
            task=config.task,
            labels=plan.labels,
            metrics=plan.metrics,
            primary=plan.primary,
            n_seeds=len(config.seeds),
            tuned_thresholds=not isinstance(config.thresholds, float),
            shows_text=config.tracking.log_text,
            config_text=plan.config_text,
            corpus=CorpusInfo(
                self.corpus.name,
                self.corpus.fingerprint,
                len(self.corpus),
                card_of(plan.corpus),
                self.corpus.source,
                _label_counts(self.corpus, plan.labels),
                self.corpus.languages,
                self.corpus_language_notes,
            ),
            split=SplitInfo(
                plan.split.kind,
                len(self.splits),
                {part: len(first.part(part)) for part in PARTS}
                | ({TUNING: len(first.tuning)} if first.tuning else {}),
                first.fingerprint,
                tuple(notes),
                count_repeats(self.splits),
            ),
            budgets=budget_note(plan.classifiers),
        )

    @cached_property
    def slices(self) -> tuple[slices.Slice, ...]:
        """The slices of the test items that scores are computed for."""
        return slices.slices_of(self.corpus, self.splits, self.plan.labels, self.plan.config.slices)

    @cached_property
    def report_rows(self) -> ReportRows:
        """The rows that a report shows: those of test, and those that are labelled for both tasks."""
        entire = self.entire if self.entire is not None else self.corpus
        test = self.take(list(dict.fromkeys(id_ for split in self.splits for id_ in split.test)))
        rows = entire.rows
        labelled = rows["target"].notna() & rows["stance"].notna() & rows["frames"].notna()
        sets = {task: labels_of(self.plan, entire, task) for task in TASKS}
        names = {task: () if labels is None else labels.names for task, labels in sets.items()}
        cut = slices.comparable_slices(self.corpus, self.splits, self.plan.labels)
        crossed = rows.loc[labelled, list(CROSS_COLUMNS)]
        return ReportRows(test, crossed, frames=names["framing"], stances=names["stance"], slices=cut)

    def finish(self, result: ClassifierResult) -> FinishedClassifier:
        """Add to a classifier's result what its report, its figures and its card need of the experiment."""
        return FinishedClassifier(self.info, result, self.report_rows)


def prepare(plan: Plan) -> Prepared:
    """Read the corpus and draw the splits.

    Raises
    ------
    CorpusError, SplitError
        Where the data do not fit the plan.
    ConfigError
        Where ``slices`` names a column that the corpus lacks.
    """
    config = plan.config
    entire = plan.corpus.make(labels=plan.labels, task=config.task)
    corpus = entire.for_task(config.task, plan.labels)
    _refuse_few_rows(corpus, plan.labels)
    # Before anything is trained: a misspelt column should not cost a training.
    slices.check(corpus, config.slices)
    splits = plan.split.make(labels=plan.labels).draw(corpus, plan.labels)
    if any(planned.tune for planned in plan.classifiers):
        # For all classifiers, tuned or not: they are compared, and promoted, on rows that none has seen.
        splits = with_tuning_half(corpus, plan.labels, splits)
    refuse_picked_parts(corpus, splits)
    return Prepared(plan, corpus, splits, entire)


def _refuse_few_rows(corpus: Corpus, labels: LabelSet) -> None:
    """Refuse a corpus that is too small to train and test on, with what is needed.

    Raises
    ------
    CorpusError
        With fewer than :data:`harness.values.minimums.MIN_CORPUS_ROWS` labelled rows.
    """
    if len(corpus) >= MIN_CORPUS_ROWS:
        return
    counts = ", ".join(f"{count} {name}" for name, count in _label_counts(corpus, labels).items())
    rows = "row is" if len(corpus) == 1 else "rows are"
    what = f"{len(corpus)} labelled {rows} too few to train and test on ({counts})"
    # A holdout tests a fifth of the rows.
    hint = (
        f"{MIN_CORPUS_ROWS} are the least, and {5 * MIN_SCORED_ROWS} give a test set of {MIN_SCORED_ROWS},"
        " from which on scores are shown"
    )
    raise CorpusError([Problem(corpus.source or corpus.name, what, hint)])


def reads_both(bound: Bound) -> bool:
    """Say whether a classifier learns both tasks, as its factory declares; see
    :func:`harness.classifiers.protocol.learns_both_tasks`.
    """
    return bool(getattr(bound.factory, "learns_both_tasks", False))


def languages_known(bound: Bound) -> tuple[str, ...]:
    """Return the only languages that a classifier knows; empty where that is unknown.

    They are those that its factory declares (:func:`harness.classifiers.protocol.knows_languages`), or those
    of the pretrained model in its options.
    """
    declared: tuple[str, ...] = getattr(bound.factory, "languages", ())
    return declared or next(
        (LANGUAGES[checkpoint] for checkpoint in _checkpoints(bound.options) if checkpoint in LANGUAGES), ()
    )


def language_note(planned: PlannedClassifier, languages: Sequence[str]) -> str:
    """Say that a classifier does not know a language of its corpus; empty where it does, or may."""
    others = outside(languages, languages_known(planned.bound))
    if not others:
        return ""
    only = describe(languages_known(planned.bound))
    return f"{planned.name} knows {only} alone; the corpus is in {describe(others)}."


def _checkpoints(options: Any) -> Iterator[str]:
    """Yield the pretrained models that options name, also in groups of options."""
    if is_dataclass(options) and not isinstance(options, type):
        options = vars(options)
    for name, value in options.items() if isinstance(options, Mapping) else ():
        if name == "checkpoint" and isinstance(value, str):
            yield value
        elif not isinstance(value, str):
            yield from _checkpoints(value)


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
        None where no row is labelled for the task, or, for stance, all rows have the same label.
    """
    if plan.config.task == task:
        return plan.labels
    # One stance for all rows cannot be learned or scored; frames that never occur give no labels at all.
    occurring = list(dict.fromkeys(_occurring(corpus, task)))
    if not occurring or (task == "stance" and len(occurring) < 2):
        return None
    card = card_of(plan.corpus)
    declared = card.labels.get(task) if card is not None else None
    if declared is not None and set(occurring) <= set(declared.names):
        return declared
    usual = [name for name in STANCES if name in occurring] if task == "stance" else []
    return LabelSet((*usual, *sorted(set(occurring) - set(usual))), multi=task == "framing")


def _label_counts(corpus: Corpus, labels: LabelSet) -> dict[str, int]:
    truth = corpus.truth(labels)
    counts = truth.sum(axis=0) if labels.multi else np.bincount(truth, minlength=len(labels))
    return {name: int(count) for name, count in zip(labels.names, counts, strict=True)}


def _occurring(corpus: Corpus, task: Task) -> Iterator[str]:
    if task == "stance":
        yield from corpus.rows["stance"].dropna()
        return
    for frames in corpus.rows["frames"].dropna():
        yield from frames


def _other_task(task: Task) -> Task:
    return "framing" if task == "stance" else "stance"


def _divided_like(corpus: Corpus, model: Corpus, split: Split) -> Split:
    """Split a corpus by article as another corpus was split; rows without an article go by their text.

    A row that is left between two parts (its article lies in both, its text in neither) is left out: put into
    either, it would leak into the other.
    """
    part_of = {id_: part for part in (*PARTS, TUNING) for id_ in split.part(part)}
    parts_by_key: dict[Any, set[str]] = {}
    for id_, *keys in zip(model.rows["id"], *_keys(model), strict=True):
        for key in keys if id_ in part_of else ():
            parts_by_key.setdefault(key, set()).add(part_of[id_])
    ids: dict[str, list[str]] = {part: [] for part in (*PARTS, TUNING)}
    for id_, sentence, article in zip(corpus.rows["id"], *_keys(corpus), strict=True):
        # The sentence is the stronger key: where a corpus was split by sentence, its article lies in several
        # parts.
        candidates = parts_by_key.get(sentence) or parts_by_key.get(article, set())
        if len(candidates) == 1:
            ids[next(iter(candidates))].append(id_)
    divided = Split(split.fold, *(tuple(ids[part]) for part in PARTS))
    return replace(divided, tuning=tuple(ids[TUNING]))


def _keys(corpus: Corpus) -> tuple[list[Any], list[Any]]:
    """Return the keys by which each row's sentence and its article are recognised in another corpus."""
    rows = corpus.rows
    # NaN is unequal to itself: rows without an article would match nothing, not even themselves.
    groups = rows["group"].astype(object).where(rows["group"].notna(), None)
    sentences = list(zip(groups, rows["text"], strict=True))
    articles = [
        sentence if group is None else group for sentence, group in zip(sentences, groups, strict=True)
    ]
    return sentences, articles
