"""A corpus and its folds in, what test shares with train out; and whether training may start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.splits.leaks.duplicates import ALIKE, NEAR
from harness.splits.leaks.evidence import Encode, Evidence, Limits
from harness.splits.leaks.repeats import Fold
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

NAME = "leaks"


@dataclass(frozen=True)
class Leaks:
    """What was found in a corpus before anything is trained.

    Attributes
    ----------
    finding : Finding
    refusal : str
        Why training may not start; empty where it may.
    notes : tuple of str
        What a person should know beside the notes of the split.
    """

    finding: Finding
    refusal: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Gate(Limits):
    """Looks for leaks; :func:`harness.splits.leaks.leaks` says what its settings mean."""

    def inspect(
        self, corpus: Corpus, folds: Sequence[Fold], labels: LabelSet, encode: Encode | None = None
    ) -> Leaks:
        """Look at a corpus and its folds.

        Parameters
        ----------
        corpus : Corpus
            What the task scores.
        folds : sequence of Fold
        labels : LabelSet
        encode : callable, optional
            Texts → vectors; needed where ``embeddings`` is set.

        Returns
        -------
        Leaks
            A row counts once, however many folds it leaks in.
        """
        seen = Evidence(self, corpus, folds, labels, encode)
        refusal = seen.refusal()
        sentences = tuple(seen.sentences())
        finding = Finding(NAME, seen.verdict(), " ".join(sentences), seen.measures(), seen.details())
        # What the split says itself is not said again.
        notes = [one for one in sentences if one != seen.of_the_groups and finding.verdict != "passed"]
        return Leaks(finding, refusal, tuple(notes))


def check(gate: Gate) -> Gate:
    """Refuse settings that are out of range.

    Raises
    ------
    ConfigError
        With all of them.
    """
    wrong = (
        ("max_leaked_rows", gate.max_leaked_rows < 0, f"should be 0 or more, got {gate.max_leaked_rows}"),
        ("max_near_rows", (gate.max_near_rows or 0) < 0, f"should be 0 or more, got {gate.max_near_rows}"),
        ("near", not 0 < gate.near <= 1, f"should be a share above 0 and up to 1, got {gate.near}"),
        (
            "embeddings",
            gate.embeddings is not None and not 0 < gate.embeddings <= 1,
            f"should be a cosine above 0 and up to 1, got {gate.embeddings}",
        ),
        (
            "shortcut",
            not 0 < gate.shortcut <= 1,
            f"should be a share above 0 and up to 1, got {gate.shortcut}",
        ),
    )
    problems = [Problem(name, what) for name, is_wrong, what in wrong if is_wrong]
    if problems:
        raise ConfigError(problems)
    return gate


def leaks(
    *,
    max_leaked_rows: int = 0,
    max_near_rows: int | None = None,
    near: float = NEAR,
    embeddings: float | bool = False,
    shortcut: float = 0.1,
) -> Gate:
    """Look for what test shares with train before anything is trained.

    Parameters
    ----------
    max_leaked_rows : int
        So many test rows may repeat a sentence of train or dev (case and punctuation aside); with more,
        training does not start.
    max_near_rows : int, optional
        The same for near duplicates; left out, they are reported and stop nothing.
    near : float
        Share of words and pairs of words that near duplicates have in common, in (0, 1].
    embeddings : float or bool
        Take sentences whose vectors (packaged MiniLM) have at least this cosine for near duplicates too; true
        stands for 0.9, which finds close paraphrases. Below 0.85 sentences on one subject reach it.
    shortcut : float
        What the target alone may add to the share labelled rightly before there is a warning, in (0, 1].
    """
    cosine = (ALIKE if embeddings else None) if isinstance(embeddings, bool) else embeddings
    return check(Gate(max_leaked_rows, max_near_rows, near, cosine, shortcut))
