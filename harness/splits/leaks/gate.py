"""A corpus and its folds in, what test shares with train out, and whether training may start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.splits.leaks.duplicates import NEAR_COSINE, NEAR_JACCARD
from harness.splits.leaks.evidence import Encode, Evidence, Limits
from harness.splits.leaks.other_texts import other_texts
from harness.splits.leaks.repeats import Fold
from harness.values.errors import ConfigError, Problem
from harness.values.findings import Finding
from harness.values.labels import LabelSet
from harness.values.tables import Corpus

NAME = "leaks"


@dataclass(frozen=True)
class Leaks:
    """The leaks of a corpus.

    Attributes
    ----------
    finding : Finding
    refusal : str
        Why training may not start; empty where it may.
    notes : tuple of str
        Sentences that a person should read in addition to the notes of the split.
    """

    finding: Finding
    refusal: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Gate(Limits):
    """Looks for leaks; see :func:`harness.splits.leaks.leaks` for its settings."""

    def inspect(
        self,
        corpus: Corpus,
        folds: Sequence[Fold],
        labels: LabelSet,
        encode: Encode | None = None,
        texts_of: Mapping[str, Sequence[str]] | None = None,
    ) -> Leaks:
        """Look for leaks between the parts of each fold.

        Parameters
        ----------
        corpus : Corpus
            The rows that the task scores.
        folds : sequence of Fold
        labels : LabelSet
        encode : callable, optional
            Texts → ``(n, size)`` array; needed where ``embeddings`` is set.
        texts_of : mapping, optional
            Name of a classifier → the texts that it learns from beside the corpus.

        Returns
        -------
        Leaks
            A row counts once, however many folds it leaks in.
        """
        evidence = Evidence(self, corpus, folds, labels, encode)
        others = other_texts(evidence.texts, folds, texts_of or {}, self.near)
        sentences = (*evidence.sentences(), *others.sentences())
        verdict = evidence.verdict()
        if others.warns and verdict == "passed":
            verdict = "warning"
        measures = (*evidence.measures(), *others.measures())
        finding = Finding(NAME, verdict, " ".join(sentences), measures, evidence.details())
        # The notes of the split mention shared groups already; that rows count as independent is a limit of
        # the scores, and stands with these.
        elsewhere = (evidence.group_sentence, evidence.clean_sentence, evidence.ungrouped.independence)
        notes = [sentence for sentence in sentences if sentence not in elsewhere]
        return Leaks(finding, evidence.refusal(), tuple(notes))


def check(gate: Gate) -> Gate:
    """Refuse settings that are out of range.

    Raises
    ------
    ConfigError
        With all of them.
    """
    checks = (
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
    problems = [Problem(name, what) for name, is_wrong, what in checks if is_wrong]
    if problems:
        raise ConfigError(problems)
    return gate


def leaks(
    *,
    max_leaked_rows: int = 0,
    max_near_rows: int | None = None,
    near: float = NEAR_JACCARD,
    embeddings: float | bool = False,
    shortcut: float = 0.1,
) -> Gate:
    """Look for what test shares with train, before anything is trained.

    Parameters
    ----------
    max_leaked_rows : int
        So many test rows may repeat a sentence of train or dev (case and punctuation aside), as a whole or,
        from eight words on, inside a longer row; with more, training does not start.
    max_near_rows : int, optional
        The same for near duplicates; without it, they are reported and stop nothing.
    near : float
        Share of words and pairs of words that near duplicates have in common, in (0, 1]. A row of which 80 %
        stand in a longer row is one as well.
    embeddings : float or bool
        Sentences whose vectors (packaged MiniLM) have at least this cosine are near duplicates too; true
        stands for 0.9, which finds close paraphrases. Below 0.85, sentences on the same subject reach it.
    shortcut : float
        How much the target alone may add to accuracy without a warning, in (0, 1].
    """
    # ``true`` in a config takes the measured default.
    cosine = (NEAR_COSINE if embeddings else None) if isinstance(embeddings, bool) else embeddings
    return check(Gate(max_leaked_rows, max_near_rows, near, cosine, shortcut))
