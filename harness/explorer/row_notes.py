"""Rows and findings of audits in, what the audits say of single rows out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.explorer.answers import AnsweredRows
from harness.values.findings import Cell, Detail
from harness.values.formatting import number

_PARTY_COLUMNS = ("target", "party")


@dataclass(frozen=True)
class RowNote:
    """What an audit of a classifier says of one row.

    Attributes
    ----------
    row, classifier : int
        Positions in the rows and in the classifiers.
    audit : str
    facts : tuple of (str, str)
        Columns of the audit's table and what stands in them, without the row's own sentence and party.
    """

    row: int
    classifier: int
    audit: str
    facts: tuple[tuple[str, str], ...]


def row_notes(rows: AnsweredRows, texts: Sequence[str] | None) -> list[RowNote]:
    """List what the audits say of the rows: those whose tables name an id, or a sentence and its party.

    Parameters
    ----------
    rows : AnsweredRows
    texts : sequence of str, or None
        The sentence of each row; None where sentences may not be shown.
    """
    # Of very many rows the look-up tables take longest, and most runs of that size have no such findings.
    if not any(finding.details for _, findings in rows.findings for finding in findings):
        return []
    by_id: dict[str, list[int]] = {}
    by_sentence: dict[tuple[str, str], list[int]] = {}
    for position, (id_, target) in enumerate(zip(rows.ids, rows.targets, strict=True)):
        by_id.setdefault(id_, []).append(position)
        if texts is not None:
            by_sentence.setdefault((texts[position], target), []).append(position)
    notes = []
    for classifier, (_, findings) in enumerate(rows.findings):
        for finding in findings:
            shown = finding if texts is not None else finding.without_texts()
            for detail in shown.details:
                for positions, facts in _of_detail(detail, by_id, by_sentence):
                    notes += [RowNote(position, classifier, finding.audit, facts) for position in positions]
    return notes


def _of_detail(
    detail: Detail, by_id: Mapping[str, list[int]], by_sentence: Mapping[tuple[str, str], list[int]]
) -> Iterator[tuple[list[int], tuple[tuple[str, str], ...]]]:
    party = next((name for name in _PARTY_COLUMNS if name in detail.columns), "")
    # The first column of sentences holds that of the corpus, further ones what an audit made of it.
    sentence = detail.texts[0] if detail.texts else ""
    own_columns = {"id", party, sentence}
    for cells in detail.rows:
        row: dict[str, Any] = dict(zip(detail.columns, cells, strict=True))
        if "id" in row:
            positions = by_id.get(str(row["id"]), [])
        elif sentence and party:
            positions = by_sentence.get((str(row[sentence]), str(row[party])), [])
        else:
            return
        if positions:
            yield (
                positions,
                tuple((name, _text(cell)) for name, cell in row.items() if name not in own_columns),
            )


def _text(cell: Cell) -> str:
    return number(cell) if isinstance(cell, float) else str(cell)
