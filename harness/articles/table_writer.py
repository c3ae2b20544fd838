"""Labelled articles in, flat rows and tables in CSV, TSV, JSONL or Parquet out."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.articles.article_files import ArticleText
from harness.articles.labelled_articles import SEPARATOR, LabelledArticle, LabelledMention
from harness.serving.inference.formats import ENDINGS, RowWriter, row_writer
from harness.serving.inference.text_layout import TextLayout
from harness.values.outputs import written

COLUMNS = (
    *("article", "outlet", "date", "sentence", "paragraph", "kind", "part", "start", "end", "text"),
    *("target", "target_start", "target_end", "how", "sure"),
    *("holder", "holder_kind", "holder_via", "quoted", "own_voice"),
)
"""Columns of every row; those of the labels follow."""


def columns_of(stances: Sequence[str], frames: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of rows with the labels of two models, in order; either may be left out."""
    stance = ("stance", *_probabilities(stances), "abstain") if stances else ()
    return (*COLUMNS, *stance, *(("frames", "frames_unsure", *_probabilities(frames)) if frames else ()))


def _probabilities(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"p_{name}" for name in names)


def flat_rows(article: LabelledArticle) -> list[dict[str, Any]]:
    """Return one mapping for each party in a sentence: a row of the tables.

    ``start`` and ``end`` are character offsets of the sentence in the text of the article (where ``part`` is
    ``title``, in its title), ``target_start`` and ``target_end`` those of the first span of the mention in
    the sentence; both ends are exclusive. ``how`` is the way in which the sentence refers to the party, and
    ``sure`` whether that leaves no other reading; ``holder`` is ``writer`` where the outlet itself speaks.
    ``frames`` are those of the sentence that may be shown, ``frames_unsure`` others that the model predicts.
    Columns of labels that no model predicts are left out.
    """
    return [_flat_row(article.article, row) for row in article.mentions]


def _flat_row(article: ArticleText, mention: LabelledMention) -> dict[str, Any]:
    sentence, labels = mention.sentence, mention.labels
    start, end = mention.mention.spans[0]
    row: dict[str, Any] = {
        "article": article.id,
        "outlet": article.outlet,
        "date": article.date,
        "sentence": sentence.number,
        "paragraph": sentence.paragraph,
        "kind": sentence.kind,
        "part": "title" if sentence.paragraph < 0 else "text",
        "start": sentence.start,
        "end": sentence.end,
        "text": sentence.text,
        "target": mention.mention.party,
        "target_start": start,
        "target_end": end,
        "how": mention.mention.reference,
        "sure": mention.mention.sure,
        "holder": mention.holder.label,
        "holder_kind": mention.holder.kind,
        "holder_via": mention.holder.via,
        "quoted": mention.holder.quoted,
        "own_voice": mention.holder.own_voice,
    }
    if labels.proba:
        row["stance"] = labels.stance
        row |= {f"p_{name}": value for name, value in labels.proba.items()}
        row["abstain"] = labels.abstain
    if labels.frame_proba:
        row["frames"] = SEPARATOR.join(labels.frames)
        row["frames_unsure"] = SEPARATOR.join(labels.unsure_frames)
        row |= {f"p_{name}": value for name, value in labels.frame_proba.items()}
    if labels.words:
        row["words"] = SEPARATOR.join(f"{word.text} {word.weight:+.3f}" for word in labels.words)
    return row


class TableWriter:
    """Writes rows of articles into files as they come; each file appears when it is complete.

    Parameters
    ----------
    paths : sequence of Path
        CSV, TSV, JSONL or Parquet, by their endings.
    explained : bool
        Whether there is a column ``words``.
    raw : bool
        Whether cells of CSV and TSV are written as they are, see :mod:`harness.values.spreadsheets`.
    """

    def __init__(self, paths: Sequence[Path], *, explained: bool = False, raw: bool = False) -> None:
        self.paths, self.explained, self.layout = list(paths), explained, TextLayout(raw=raw)
        self._writers: list[RowWriter] = []
        self._files = contextlib.ExitStack()

    def __enter__(self) -> TableWriter:
        return self

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Write the rows of an article, as :func:`flat_rows` returns them."""
        if not rows:
            return
        if self.explained:
            # The first row decides on the columns, so that all rows need the same.
            rows = [{**row, "words": row.get("words", "")} for row in rows]
        # The first row has the columns, so that a table without rows is not written.
        if not self._writers:
            self._writers = [self._writer(path, list(rows[0])) for path in self.paths]
        for each in self._writers:
            each.write(rows)

    def _writer(self, path: Path, columns: list[str]) -> RowWriter:
        file = self._files.enter_context(written(path))
        return row_writer(file, ENDINGS[path.suffix.lower()], columns, None, layout=self.layout)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        # After a failure the drafts are deleted: there is nothing to complete.
        if kind is None:
            for each in self._writers:
                each.close()
        self._files.__exit__(kind, error, trace)
