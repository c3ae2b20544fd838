"""A corpus and its folds in, what was counted of their leaks out: in numbers, sentences and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.splits.leaks.duplicates import near_pairs, near_vectors, normalised
from harness.splits.leaks.repeats import Fold, Repeat, grouped_with_train, repeats
from harness.splits.leaks.shortcuts import Shortcut, conflicts, shortcut
from harness.values.findings import Detail, Measure, Verdict
from harness.values.formatting import number, percent
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray


Encode = Callable[[Sequence[str]], "NDArray[np.floating[Any]]"]
SHOWN = 50
"""Rows that a table of the report holds."""

CERTAIN = 0.01
"""A shortcut is reported where chance alone explains it less often than this."""

STRONG = 0.25
"""A lift from which on the target alone settles too much."""


@dataclass(frozen=True)
class Limits:
    """How much test may share with train; :func:`harness.splits.leaks.leaks` says what each means."""

    max_leaked_rows: int
    max_near_rows: int | None
    near: float
    embeddings: float | None
    shortcut: float


class Evidence:
    """Everything that was counted.

    Parameters
    ----------
    limits : Limits
        What is looked for, and how much of it is allowed.
    corpus : Corpus
    folds : sequence of Fold
    labels : LabelSet
    encode : callable, optional
        Texts → vectors.
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
        self.repeats = repeats(ids, words, folds, self._near(words, encode))
        column = rows["frames" if labels.multi else "stance"]
        named = ["|".join(sorted(value)) if isinstance(value, tuple) else str(value) for value in column]
        self.conflicts = conflicts(rows, named, words)
        targets = rows["target"].astype(object).where(rows["target"].notna(), None)
        about = dict(zip(ids, zip(targets, named, strict=True), strict=True))
        self.shortcut: Shortcut | None = shortcut(
            [([about[i] for i in fold.train], [about[i] for i in fold.test]) for fold in folds]
        )
        self.grouped = grouped_with_train(dict(zip(ids, rows["group"], strict=True)), folds)
        self.texts = dict(zip(ids, rows["text"].astype(str), strict=True))

    def _near(self, words: Sequence[str], encode: Encode | None) -> list[tuple[str, str, float]]:
        texts = list(dict.fromkeys(words))
        pairs = near_pairs(texts, self.limits.near)
        if self.limits.embeddings is not None and encode is not None:
            pairs += near_vectors(texts, encode, self.limits.embeddings)
        return [(texts[one], texts[other], share) for one, other, share in pairs]

    def of(self, *, exact: bool, test: bool = True) -> list[Repeat]:
        """Return repeats of one kind, in test or before it."""
        return [one for one in self.repeats if one.exact == exact and (one.part == "test") == test]

    def over(self) -> Iterator[str]:
        """Say what is more than allowed."""
        exact, near, limits = len(self.of(exact=True)), len(self.of(exact=False)), self.limits
        if exact > limits.max_leaked_rows:
            yield f"{self._repeat_rows(exact)}, {_allowed(limits.max_leaked_rows)}"
        if limits.max_near_rows is not None and near > limits.max_near_rows:
            nearly = "nearly repeats" if near == 1 else "nearly repeat"
            yield f"{near:,} of {self.n_test:,} test rows {nearly} one, {_allowed(limits.max_near_rows)}"

    def refusal(self) -> str:
        """Write why training may not start."""
        over = list(self.over())
        if not over:
            return ""
        exact, near, limits = self.of(exact=True), self.of(exact=False), self.limits
        refused, settings = [], []
        if len(exact) > limits.max_leaked_rows:
            refused += exact
            settings.append(f"audits.leaks.max_leaked_rows: {len(exact)}")
        if limits.max_near_rows is not None and len(near) > limits.max_near_rows:
            refused += near
            settings.append(f"audits.leaks.max_near_rows: {len(near)}")
        shown = "".join(f"\n  {_told(one)}" for one in refused[:5])
        more = f"\n  and {len(refused) - 5:,} more" if len(refused) > 5 else ""
        return (
            f"{'; '.join(over)}:{shown}{more}\n"
            "Take them out of the corpus; where they are known and official, say so with"
            f" {' and '.join(settings)}; or run with --allow-leaks, which marks the runs."
        )

    def verdict(self) -> Verdict:
        """Return the verdict."""
        found = self.shortcut
        certain = found is not None and found.p < CERTAIN
        if any(self.over()) or (certain and found is not None and found.lift >= STRONG):
            return "failed"
        strong = certain and found is not None and found.lift >= self.limits.shortcut
        return "warning" if self.repeats or self.conflicts or self.grouped or strong else "passed"

    def sentences(self) -> Iterator[str]:
        """Yield what was found; one sentence where nothing was."""
        over = list(self.over())
        exact, near = self.of(exact=True), self.of(exact=False)
        if over:
            yield f"{'; '.join(over)}."
        elif exact:
            yield f"{self._repeat_rows(len(exact))}; {_allowed(self.limits.max_leaked_rows)}."
        if near and not any("nearly" in one for one in over):
            duplicates = "is a near duplicate" if len(near) == 1 else "are near duplicates"
            yield f"{len(near):,} of {self.n_test:,} test rows {duplicates} of train or dev."
        dev = [one for one in self.repeats if one.part != "test"]
        if dev:
            repeat = "row repeats" if len(dev) == 1 else "rows repeat"
            yield f"{len(dev):,} dev {repeat} a sentence of train, nearly or word for word."
        if self.conflicts:
            n = sum(map(len, self.conflicts))
            yield f"{n:,} rows say the same of the same target and are labelled differently."
        if self.grouped:
            yield self.of_the_groups
        yield from self._of_the_shortcut()
        if not (self.repeats or self.conflicts or self.grouped or self._short):
            yield f"None of {self.n_test:,} test rows repeats a sentence of train or dev."

    @property
    def of_the_groups(self) -> str:
        """Say how many test rows share their group with train."""
        come = (
            "comes from a group (article) that stands"
            if self.grouped == 1
            else "come from groups (articles) that stand"
        )
        return (
            f"{self.grouped:,} of {self.n_test:,} test rows {come} in train:"
            " see the slices of seen and unseen articles."
        )

    def _repeat_rows(self, n: int) -> str:
        repeat = "repeats" if n == 1 else "repeat"
        return f"{n:,} of {self.n_test:,} test rows {repeat} a sentence of train or dev"

    @property
    def _short(self) -> bool:
        found = self.shortcut
        return found is not None and found.p < CERTAIN and found.lift >= self.limits.shortcut

    def _of_the_shortcut(self) -> Iterator[str]:
        if self._short and self.shortcut is not None:
            yield (
                "The target alone tells much of the label: the commonest label of each target is right for"
                f" {percent(self.shortcut.by_target, unit=' %')} of test, the commonest of all for"
                f" {percent(self.shortcut.by_majority, unit=' %')}."
            )

    def measures(self) -> tuple[Measure, ...]:
        """Return the counts, as numbers."""
        counts = {
            "repeated_rows": len(self.of(exact=True)),
            "near_rows": len(self.of(exact=False)),
            "repeated_dev_rows": sum(one.part != "test" for one in self.repeats),
            "shared_group_rows": self.grouped,
            "conflicting_rows": sum(map(len, self.conflicts)),
        }
        found = [Measure(name, float(count), n=self.n_test) for name, count in counts.items()]
        if self.shortcut is not None:
            found.append(Measure("target_shortcut", self.shortcut.lift, n=self.shortcut.n))
        return tuple(found)

    def details(self) -> tuple[Detail, ...]:
        """Return the rows themselves, as tables."""
        repeated = [
            (
                one.id,
                one.part,
                "word for word" if one.exact else number(one.share, places=2),
                one.of,
                one.of_part,
                self.texts[one.id],
                self.texts[one.of],
            )
            for one in self.repeats[:SHOWN]
        ]
        clashing = [(", ".join(ids), self.texts[ids[0]]) for ids in self.conflicts[:SHOWN]]
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
                "Sentences labelled in two ways",
                ("ids", "text"),
                tuple(clashing),
                ("text",),
            ),
        )
        return tuple(one for one in tables if one.rows)


def _allowed(n: int) -> str:
    return f"{n:,} {'is' if n == 1 else 'are'} allowed"


def _told(repeat: Repeat) -> str:
    how = "repeats" if repeat.exact else "nearly repeats"
    return f"{repeat.id} (test) {how} {repeat.of} ({repeat.of_part})"
