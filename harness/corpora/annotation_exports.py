"""The objects of an annotation program's export in, rows with a target, its span and its labels out.

Read are exports of Label Studio (JSON, JSON_MIN, CSV) and of doccano (JSONL with spans, with entities and
relations, or with categories). Every marked span is a row: the span is the target, and each control of the
labelling interface a column with its name (doccano: ``label``).

Formats: https://labelstud.io/guide/export and doccano's ``data_export``. Offsets count what the program
counts: doccano UTF-16 units, or grapheme clusters where the project says so (doccano issue 2290); Label
Studio, by version, UTF-16 units or characters (its issues 1347 and 1559). They become characters here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeGuard

from harness.corpora.spans import characters_of_units
from harness.values.errors import Problem, abbreviate
from harness.values.formatting import counted
from harness.values.parties import Span
from harness.values.unreadable import UnreadableError, parse_json

Objects = Sequence[tuple[str, Mapping[str, Any]]]
"""Where each object stands, and the object."""

BadRow = tuple[str, Problem, Mapping[str, Any]]


@dataclass(frozen=True)
class MarkedSpan:
    """A span that somebody marked in a text, in the program's own counting.

    Attributes
    ----------
    start, end : int
    labels : mapping
        Control → label, or several.
    reads : str
        What the program says that it reads; empty where it does not say.
    """

    start: int
    end: int
    labels: Mapping[str, Any]
    reads: str = ""


@dataclass(frozen=True)
class AnnotatedText:
    """A text with what one annotator marked in it.

    Attributes
    ----------
    where : str
        In the file.
    id : str
    text : str
    fields : mapping
        What else is stated of it: column → value.
    spans : tuple of MarkedSpan
    """

    where: str
    id: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    spans: tuple[MarkedSpan, ...] = ()


@dataclass(frozen=True)
class ExportedRows:
    """The rows of an export.

    Attributes
    ----------
    rows : list of (str, dict)
        Where each stands, and its cells.
    bad : list
        Rows whose span cannot be told.
    notes : tuple of str
        What was converted and left out.
    """

    rows: list[tuple[str, dict[str, Any]]]
    bad: list[BadRow]
    notes: tuple[str, ...]


def rows_of_export(objects: Objects, source: str) -> ExportedRows | None:
    """Return the rows of an export; None where the objects are rows already."""
    for texts_of, countings in ((_label_studio, _STUDIO), (_doccano, _DOCCANO), (_label_studio_min, _STUDIO)):
        texts = [texts_of(where, value) for where, value in objects]
        # One span tells: a program writes all texts alike, but a text may have no annotation.
        if any(text.spans for each in texts for text in each or ()):
            listed = [text for each in texts for text in each or ()]
            return _rows(listed, countings, source, skipped=sum(not each for each in texts))
    return None


# --- formats ------------------------------------------------------------------------------------------------


def _doccano(where: str, value: Mapping[str, Any]) -> list[AnnotatedText] | None:
    text, labels = value.get("text"), value.get("label", value.get("labels"))
    entities = value.get("entities", labels)
    if not isinstance(text, str) or not isinstance(entities, list):
        return None
    spans = []
    for entity in entities:
        triple = [entity.get(key) for key in _OF_ENTITY] if isinstance(entity, Mapping) else entity
        if not (isinstance(triple, list) and len(triple) == 3 and all(map(_is_offset, triple[:2]))):
            return None
        spans.append(MarkedSpan(triple[0], triple[1], {"label": triple[2]}))
    fields = {key: _scalar(cell) for key, cell in value.items() if key not in _OF_DOCCANO}
    return [AnnotatedText(where, str(value.get("id", where)), text, fields, tuple(spans))]


_OF_ENTITY = ("start_offset", "end_offset", "label")
_OF_DOCCANO = ("id", "text", "label", "labels", "entities", "relations", "Comments", "comments")


def _label_studio(where: str, value: Mapping[str, Any]) -> list[AnnotatedText] | None:
    data = value.get("data")
    annotations = value.get("annotations", value.get("completions"))
    if not isinstance(data, Mapping) or not isinstance(annotations, list):
        return None
    texts = []
    for annotation in annotations:
        # An annotator skipped the text.
        if not isinstance(annotation, Mapping) or annotation.get("was_cancelled"):
            continue
        results = [result for result in annotation.get("result") or () if isinstance(result, Mapping)]
        name = next((str(result["to_name"]) for result in results if "to_name" in result), "text")
        column = _text_column(data, name)
        fields = {key: cell for key, cell in data.items() if key != column}
        author = annotation.get("completed_by")
        fields["annotator"] = author.get("email", author.get("id")) if isinstance(author, Mapping) else author
        text, (whole, spans) = str(data.get(column, "")), _regions(results)
        texts.append(AnnotatedText(where, str(value.get("id", where)), text, fields | whole, spans))
    return texts


def _regions(results: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], tuple[MarkedSpan, ...]]:
    """Return the labels of a whole text, and its spans: what has one id is about one span."""
    whole: dict[str, Any] = {}
    spans: dict[Any, MarkedSpan] = {}
    for number, result in enumerate(results):
        value, control = result.get("value"), str(result.get("from_name", "label"))
        if not isinstance(value, Mapping):
            continue
        span = _span_of(value)
        label = _scalar(next((value[key] for key in (result.get("type"), *_VALUES) if key in value), None))
        if span is None:
            whole[control] = label
            continue
        key = result.get("id", number)
        before = spans.get(key, MarkedSpan(*span, {}, str(value.get("text") or "")))
        spans[key] = replace(before, labels={**before.labels, control: label})
    return whole, tuple(spans.values())


# What a value holds beside its offsets, by the kind of control.
_VALUES = ("labels", "hypertextlabels", "paragraphlabels", "choices", "taxonomy", "rating", "number")


def _span_of(value: Mapping[str, Any]) -> Span | None:
    """Return the offsets of a value; of a page those in its whole text, for its others are of an element."""
    whole = value.get("globalOffsets")
    offsets: Mapping[str, Any] = whole if isinstance(whole, Mapping) else value
    start, end = offsets.get("start"), offsets.get("end")
    return (start, end) if _is_offset(start) and _is_offset(end) else None


def _label_studio_min(where: str, value: Mapping[str, Any]) -> list[AnnotatedText] | None:
    cells = {key: _parsed(cell) for key, cell in value.items()}
    controls = {
        key: cell
        for key, cell in cells.items()
        if isinstance(cell, list)
        and cell
        and all(isinstance(each, Mapping) and _span_of(each) for each in cell)
    }
    if not controls:
        return None
    column = _text_column({key: cell for key, cell in cells.items() if key not in controls}, "text")
    fields = {
        key: _scalar(cell["choices"] if isinstance(cell, Mapping) and "choices" in cell else cell)
        for key, cell in cells.items()
        if key not in (*controls, column, "id", "annotation_id", "created_at", "updated_at", "lead_time")
    }
    spans = [
        {"value": each, "from_name": control, "id": _span_of(each)}
        for control, listed in controls.items()
        for each in listed
    ]
    text = str(cells.get(column, ""))
    return [AnnotatedText(where, str(value.get("id", where)), text, fields, _regions(spans)[1])]


def _parsed(cell: Any) -> Any:
    """Return what a cell of a CSV file holds: lists and objects are written as JSON."""
    if not isinstance(cell, str) or not cell.startswith(("[{", '{"')):
        return cell
    try:
        return parse_json(cell)
    except UnreadableError:
        return cell


def _text_column(data: Mapping[str, Any], name: str) -> str:
    """Return the field that holds the text: the one of that name, or else the longest."""
    texts = {key: cell for key, cell in data.items() if isinstance(cell, str)}
    for key in (name, "text"):
        if key in texts:
            return key
    return max(texts, key=lambda key: len(texts[key]), default=name)


def _is_offset(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _scalar(value: Any) -> Any:
    """Return the only element of a list; a list of several as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


# --- offsets ------------------------------------------------------------------------------------------------


def _as_characters(text: str, span: Span) -> Span | None:
    return span if span[1] <= len(text) else None


def _as_clusters(text: str, span: Span) -> Span | None:
    import regex

    bounds = [0, *(match.end() for match in regex.finditer(r"\X", text))]
    return (bounds[span[0]], bounds[span[1]]) if span[1] < len(bounds) else None


def _as_lines(text: str, span: Span) -> Span | None:
    """Count a line break of two characters as one, as browsers do."""
    bounds = [at for at in range(len(text) + 1) if text[at - 1 : at + 1] != "\r\n"]
    return (bounds[span[0]], bounds[span[1]]) if span[1] < len(bounds) else None


Counting = tuple[str, Callable[[str, Span], Span | None]]
_CHARACTERS: Counting = ("characters", _as_characters)
_UNITS: Counting = ("UTF-16 units", characters_of_units)
_CLUSTERS: Counting = ("grapheme clusters", _as_clusters)
_LINES: Counting = ("line breaks of two characters as one", _as_lines)
# Where a text does not tell, the program does.
_STUDIO = (_CHARACTERS, _UNITS, _LINES, _CLUSTERS)
_DOCCANO = (_UNITS, _CHARACTERS, _CLUSTERS, _LINES)


def _rows(
    texts: Sequence[AnnotatedText], countings: Sequence[Counting], source: str, skipped: int
) -> ExportedRows:
    """Return a row for each span, in characters."""
    counting = _likeliest(texts, countings)
    rows: list[tuple[str, dict[str, Any]]] = []
    bad: list[BadRow] = []
    mended: dict[str, int] = {}
    for text in texts:
        for span in text.spans:
            name, offsets = _placed(text.text, span, counting, countings)
            if offsets is None:
                reads = f" and does not read {abbreviate(span.reads)}" if span.reads else ""
                what = f"the span {span.start}-{span.end} is not in its text{reads}"
                bad.append((text.where, Problem(text.where, what), {"text": text.text, **span.labels}))
                continue
            if offsets != (span.start, span.end):
                mended[name] = mended.get(name, 0) + 1
            rows.append((text.where, _cells(text, span, offsets)))
    notes = [
        f"{source}: {counted(count, 'span')} counted {name}, and {'was' if count == 1 else 'were'} converted"
        " to characters"
        for name, count in mended.items()
    ]
    unmarked = skipped + sum(not text.spans for text in texts)
    if unmarked:
        notes.append(f"{source}: {counted(unmarked, 'text')} without a marked span left out")
    return ExportedRows(rows, bad, tuple(notes))


def _likeliest(texts: Sequence[AnnotatedText], countings: Sequence[Counting]) -> Counting:
    """Return the counting by which most spans begin and end with words; the first of those that are equal."""
    wide = [text for text in texts if not text.text.isascii() or "\r\n" in text.text]

    def whole(counting: Counting) -> int:
        converted = [
            (text.text, counting[1](text.text, (s.start, s.end))) for text in wide for s in text.spans
        ]
        return sum(offsets is not None and _is_whole(text, offsets) for text, offsets in converted)

    return max(countings, key=whole)


def _is_whole(text: str, offsets: Span) -> bool:
    """Whether a span holds whole words, without space at its ends."""
    start, end = offsets
    cuts = any(0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum() for at in offsets)
    return start < end and not cuts and text[start:end] == text[start:end].strip()


def _placed(
    text: str, span: MarkedSpan, counting: Counting, countings: Sequence[Counting]
) -> tuple[str, Span | None]:
    """Return how a span counts, and where it is in characters; None where that cannot be told."""
    stated = (span.start, span.end)
    if not span.reads:
        offsets = counting[1](text, stated)
        return counting[0], offsets if offsets and offsets[0] < offsets[1] else None
    wanted = _plain(span.reads)
    for name, convert in (counting, *countings):
        offsets = convert(text, stated)
        if offsets is not None and _plain(text[slice(*offsets)]) == wanted:
            return name, offsets
    # Programs change white space, and with it what follows: what occurs once can be nothing else.
    if text.count(span.reads) == 1:
        start = text.index(span.reads)
        return "something else than characters", (start, start + len(span.reads))
    return "", None


def _plain(text: str) -> str:
    # Label Studio writes a line break as a backslash and an n.
    return " ".join(text.replace("\\n", " ").split())


def _cells(text: AnnotatedText, span: MarkedSpan, offsets: Span) -> dict[str, Any]:
    mention = text.text[slice(*offsets)]
    cells = {"target": mention, **text.fields, **span.labels}
    # Spans of one text belong together; of a text with one alone nobody knows to what it belongs.
    group = {"group": text.id} if len(text.spans) > 1 and "group" not in cells else {}
    row = {
        "id": f"{text.id}:{offsets[0]}-{offsets[1]}",
        "text": text.text,
        "start": offsets[0],
        "end": offsets[1],
    }
    row["mention"] = mention
    return row | {key: cell for key, cell in {**cells, **group}.items() if cell not in (None, "", [], {})}
