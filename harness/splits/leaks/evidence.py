"""A corpus and its folds in, the evidence of leaks out: as numbers, sentences and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.splits.leaks.duplicates import near_vectors, normalised
from harness.splits.leaks.groups import ungrouped
from harness.splits.leaks.likeness import likeness
from harness.splits.leaks.repeats import AlikePair, Fold, Likeness, Repeat, grouped_with_train, repeats
from harness.splits.leaks.shortcuts import Shortcut, conflicts, shortcut
from harness.values.findings import Detail, Measure, Verdict
from harness.values.formatting import agreeing, counted, number, percent
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray


Encode = Callable[[Sequence[str]], "NDArray[np.floating[Any]]"]
ALIKE: Mapping[str, str] = {"exact": "word for word", "contained": "word for word, in a longer row"}
"""How tables name the ways in which rows repeat others; of near duplicates they give the similarity."""

MAX_TABLE_ROWS = 50
"""Rows of each table in the report, at most."""

MAX_REFUSAL_ROWS = 5
"""Rows that a refusal names, at most; the others are counted."""

# Stricter than the usual 0.05, as the test treats items as independent, and sentences of an article are not.
SHORTCUT_ALPHA = 0.01
"""Significance level of a shortcut."""

MAX_LIFT = 0.25
"""Accuracy that the target alone may add; with more the finding is "failed", a warning no longer suffices."""


@dataclass(frozen=True)
class Limits:
    """How much test may share with train; see :func:`harness.splits.leaks.leaks`."""

    max_leaked_rows: int
    max_near_rows: int | None
    near: float
    embeddings: float | None
    shortcut: float


class Evidence:
    """All leaks of a corpus, counted.

    Parameters
    ----------
    limits : Limits
        What counts as a leak, and how much is allowed.
    corpus : Corpus
    folds : sequence of Fold
    labels : LabelSet
    encode : callable, optional
        Texts → ``(n, size)`` array.
    """

    def __init__(
        self,
        limits: Limits,
        corpus: Corpus,
        folds: Sequence[Fold],
        labels: LabelSet,
        encode: Encode | None = None,
    ) -> None:
        self.limits = limits
        rows = corpus.rows
        ids = rows["id"].astype(str).tolist()
        words = [normalised(str(text)) for text in rows["text"]]
        self.n_test = len({id_ for fold in folds for id_ in fold.test})
        self.repeats = repeats(ids, words, folds, self._alike(words, encode))
        column = rows["frames" if labels.multi else "stance"]
        label_names = [
            "|".join(sorted(value)) if isinstance(value, tuple) else str(value) for value in column
        ]
        self.conflicts = conflicts(rows, label_names, words)
        # In framing rows have no target: then there is no shortcut to measure.
        targets = rows["target"].astype(object).where(rows["target"].notna(), None)
        labelled = dict(zip(ids, zip(targets, label_names, strict=True), strict=True))
        self.shortcut: Shortcut | None = shortcut(
            [([labelled[i] for i in fold.train], [labelled[i] for i in fold.test]) for fold in folds]
        )
        self.ungrouped = ungrouped(corpus, folds)
        self.grouped = grouped_with_train(dict(zip(ids, rows["group"], strict=True)), folds)
        self.texts = dict(zip(ids, rows["text"].astype(str), strict=True))

    def _alike(self, words: Sequence[str], encode: Encode | None) -> Likeness:
        # Each distinct text once: exact repeats are found by equality, which costs nothing.
        texts = list(dict.fromkeys(words))
        alike = likeness(texts, self.limits.near)
        if self.limits.embeddings is None or encode is None:
            return alike
        vectors = near_vectors(texts, encode, self.limits.embeddings)
        by_vectors = [
            AlikePair(alike.rest_of[texts[i]], alike.rest_of[texts[j]], share) for i, j, share in vectors
        ]
        return Likeness(alike.rest_of, [*alike.pairs, *by_vectors])

    def test_repeats(self, *, verbatim: bool) -> list[Repeat]:
        """Return the rows of test that repeat others: word for word, alone or in a longer row; or nearly."""
        return [repeat for repeat in self.repeats if repeat.verbatim == verbatim and repeat.part == "test"]

    def violations(self) -> Iterator[str]:
        """Yield a clause for each limit that is exceeded."""
        exact, near = len(self.test_repeats(verbatim=True)), len(self.test_repeats(verbatim=False))
        limits = self.limits
        if exact > limits.max_leaked_rows:
            yield f"{self._repeat_rows(exact)}, {_allowed(limits.max_leaked_rows)}"
        if self._near_violation(near) and limits.max_near_rows is not None:
            nearly = "nearly repeats" if near == 1 else "nearly repeat"
            rows = f"{near:,} of {counted(self.n_test, 'test row')} {nearly} a sentence of train or dev"
            yield f"{rows}, {_allowed(limits.max_near_rows)}"

    def refusal(self) -> str:
        """Return why training may not start; empty where it may."""
        violations = list(self.violations())
        if not violations:
            return ""
        exact, near = self.test_repeats(verbatim=True), self.test_repeats(verbatim=False)
        limits = self.limits
        refused, settings = [], []
        if len(exact) > limits.max_leaked_rows:
            refused += exact
            settings.append(f"audits.leaks.max_leaked_rows: {len(exact)}")
        if self._near_violation(len(near)):
            refused += near
            settings.append(f"audits.leaks.max_near_rows: {len(near)}")
        listed = "".join(f"\n  {_line(repeat)}" for repeat in refused[:MAX_REFUSAL_ROWS])
        unlisted = len(refused) - MAX_REFUSAL_ROWS
        more = f"\n  and {unlisted:,} more" if unlisted > 0 else ""
        return (
            f"{'; '.join(violations)}:{listed}{more}\n"
            "Remove them from the corpus; if they belong to its official split, allow them with"
            f" {' and '.join(settings)}; or run with --allow-leaks, which marks the runs."
        )

    def verdict(self) -> Verdict:
        """Return the verdict: "failed" where a limit is exceeded, "warning" where there is any leak."""
        if any(self.violations()) or self._shortcut_reaches(MAX_LIFT):
            return "failed"
        leaks = self.repeats or self.conflicts or self.grouped or self.ungrouped.warns
        return "warning" if leaks or self._shortcut_reaches(self.limits.shortcut) else "passed"

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each kind of leak; a single one where there is none."""
        violations = list(self.violations())
        exact, near = self.test_repeats(verbatim=True), self.test_repeats(verbatim=False)
        if violations:
            yield f"{'; '.join(violations)}."
        elif exact:
            yield f"{self._repeat_rows(len(exact))}; {_allowed(self.limits.max_leaked_rows)}."
        if near and not self._near_violation(len(near)):
            duplicates = "is a near duplicate" if len(near) == 1 else "are near duplicates"
            yield f"{len(near):,} of {counted(self.n_test, 'test row')} {duplicates} of train or dev."
        dev = [repeat for repeat in self.repeats if repeat.part != "test"]
        if dev:
            repeat = "row repeats" if len(dev) == 1 else "rows repeat"
            yield f"{len(dev):,} dev {repeat} a sentence of train, nearly or word for word."
        if self.conflicts:
            n = sum(map(len, self.conflicts))
            yield (
                f"{counted(n, 'row')} {agreeing(n, 'has', 'have')} the same text and target but"
                " different labels."
            )
        if self.grouped:
            yield self.group_sentence
        reported = self._shortcut_reaches(self.limits.shortcut)
        if reported and self.shortcut is not None:
            yield (
                "The target alone predicts much: the most frequent label of each target is right for"
                f" {percent(self.shortcut.by_target, unit=' %')} of test, the most frequent label of all for"
                f" {percent(self.shortcut.by_majority, unit=' %')}."
            )
        if not (self.repeats or self.conflicts or self.grouped or reported):
            yield self.clean_sentence
        yield from self.ungrouped.sentences()

    @property
    def clean_sentence(self) -> str:
        """The sentence where no row repeats another."""
        return f"None of {counted(self.n_test, 'test row')} repeats a sentence of train or dev."

    @property
    def group_sentence(self) -> str:
        """The sentence about test rows that share their group with train."""
        come = (
            "comes from a group (article) that is"
            if self.grouped == 1
            else "come from groups (articles) that are"
        )
        return (
            f"{self.grouped:,} of {counted(self.n_test, 'test row')} {come} in train too:"
            " see the slices of seen and unseen articles."
        )

    def _repeat_rows(self, n: int) -> str:
        repeat = "repeats" if n == 1 else "repeat"
        rows = f"{n:,} of {counted(self.n_test, 'test row')} {repeat} a sentence of train or dev"
        inside = self._contained_rows
        return f"{rows}, {inside:,} of them inside a longer row or beyond boilerplate" if inside else rows

    @property
    def _contained_rows(self) -> int:
        return sum(repeat.alike == "contained" for repeat in self.test_repeats(verbatim=True))

    def _near_violation(self, near: int) -> bool:
        return self.limits.max_near_rows is not None and near > self.limits.max_near_rows

    def _shortcut_reaches(self, lift: float) -> bool:
        """Whether the target alone adds so much to accuracy, beyond chance."""
        return self.shortcut is not None and self.shortcut.p < SHORTCUT_ALPHA and self.shortcut.lift >= lift

    def measures(self) -> tuple[Measure, ...]:
        """Return the counts, and what the target alone adds to accuracy."""
        counts = {
            "repeated_rows": len(self.test_repeats(verbatim=True)) - self._contained_rows,
            "contained_rows": self._contained_rows,
            "near_rows": len(self.test_repeats(verbatim=False)),
            "repeated_dev_rows": sum(repeat.part != "test" for repeat in self.repeats),
            "shared_group_rows": self.grouped,
            "conflicting_rows": sum(map(len, self.conflicts)),
        }
        measures = [Measure(name, float(count), n=self.n_test) for name, count in counts.items()]
        measures += self.ungrouped.measures()
        if self.shortcut is not None:
            measures.append(Measure("target_shortcut", self.shortcut.lift, n=self.shortcut.n))
        return tuple(measures)

    def details(self) -> tuple[Detail, ...]:
        """Return the rows concerned, as tables."""
        repeated = [
            (
                repeat.id,
                repeat.part,
                ALIKE.get(repeat.alike) or number(repeat.share, places=2),
                repeat.of,
                repeat.of_part,
                self.texts[repeat.id],
                self.texts[repeat.of],
            )
            for repeat in self.repeats[:MAX_TABLE_ROWS]
        ]
        conflicting = [(", ".join(ids), self.texts[ids[0]]) for ids in self.conflicts[:MAX_TABLE_ROWS]]
        tables = (
            Detail(
                "repeated",
                "Rows that repeat others",
                ("id", "in", "alike", "of", "in which", "text", "other text"),
                tuple(repeated),
                ("text", "other text"),
            ),
            Detail(
                "conflicting",
                "Sentences with conflicting labels",
                ("ids", "text"),
                tuple(conflicting),
                ("text",),
            ),
        )
        linked = self.ungrouped.details(self.texts, MAX_TABLE_ROWS)
        return (*(table for table in tables if table.rows), *linked)


def _allowed(n: int) -> str:
    return f"{n:,} {'is' if n == 1 else 'are'} allowed"


def _line(repeat: Repeat) -> str:
    verb = {"exact": "repeats", "contained": "repeats, in a longer row,"}.get(repeat.alike, "nearly repeats")
    return f"{repeat.id} (test) {verb} {repeat.of} ({repeat.of_part})"
