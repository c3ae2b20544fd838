"""Labelled articles in, flat rows for CSV, JSONL and Parquet out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.articles.labelled_articles import SEPARATOR, LabelledArticle, LabelledMention
from harness.serving.inference.formats import ENDINGS, Writer, writer
from harness.values.errors import ArticleError, Problem


def flat_rows(reading: LabelledArticle) -> list[dict[str, Any]]:
    """Return one mapping a (sentence, party).

    ``start`` and ``end`` are offsets of the sentence in the document's text (of a ``title``, in the title),
    ``target_start`` and ``target_end`` those of the first mention in the sentence; both ends are exclusive.
    ``how`` says how the party is referred to and ``sure`` whether that leaves no other reading; ``holder`` is
    ``writer`` where the outlet itself speaks.
    """
    return [_flat(reading, row) for row in reading.rows]


def _flat(reading: LabelledArticle, row: LabelledMention) -> dict[str, Any]:
    document, sentence, label = reading.document, row.sentence, row.label
    start, end = row.named.spans[0]
    made: dict[str, Any] = {
        "article": document.id,
        "outlet": document.outlet,
        "date": document.date,
        "sentence": sentence.number,
        "paragraph": sentence.paragraph,
        "kind": sentence.kind,
        "part": "title" if sentence.paragraph < 0 else "text",
        "start": sentence.start,
        "end": sentence.end,
        "text": sentence.text,
        "target": row.named.party,
        "target_start": start,
        "target_end": end,
        "how": row.named.reference,
        "sure": row.named.sure,
        "holder": row.holder.label,
        "holder_kind": row.holder.kind,
        "holder_via": row.holder.via,
        "quoted": row.holder.quoted,
        "own_voice": row.holder.own_voice,
    }
    if label.proba:
        made["stance"] = label.stance
        made |= {f"p_{name}": value for name, value in label.proba.items()}
        made["abstain"] = label.abstain
    if label.frame_proba:
        made["frames"] = SEPARATOR.join(label.frames)
        made |= {f"p_{name}": value for name, value in label.frame_proba.items()}
    if label.words:
        made["words"] = SEPARATOR.join(f"{word.text} {word.weight:+.3f}" for word in label.words)
    return made


class TableWriter:
    """Writes rows of readings into files, as they come; each file appears when it is whole.

    Parameters
    ----------
    paths : sequence of Path
        CSV, TSV, JSONL or Parquet, by their endings.
    explained : bool
        Whether there is a column ``words``.
    """

    def __init__(self, paths: Sequence[Path], *, explained: bool = False) -> None:
        self.paths, self.explained = list(paths), explained
        self._open: list[Writer] = []
        self._files = contextlib.ExitStack()

    def __enter__(self) -> TableWriter:
        return self

    def add(self, reading: LabelledArticle) -> None:
        """Write the rows of a reading."""
        rows = flat_rows(reading)
        if not rows:
            return
        if self.explained:
            rows = [{**row, "words": row.get("words", "")} for row in rows]
        if not self._open:
            self._open = [self._writer(path, list(rows[0])) for path in self.paths]
        for one in self._open:
            one.write(rows)

    def _writer(self, path: Path, columns: list[str]) -> Writer:
        return writer(
            self._files.enter_context(atomic_file(path)), ENDINGS[path.suffix.lower()], columns, None
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if kind is None:
            for one in self._open:
                one.close()
        self._files.__exit__(kind, error, trace)


@contextlib.contextmanager
def atomic_file(path: Path) -> Iterator[Any]:
    """Open a file for bytes that appears only when all was written.

    Raises
    ------
    ArticleError
        Where it cannot be written.
    """
    draft = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as handle:
            yield handle
        draft.replace(path)
    except OSError as error:
        raise ArticleError([Problem(str(path), f"cannot be written: {error.strerror or error}")]) from error
    finally:
        draft.unlink(missing_ok=True)
