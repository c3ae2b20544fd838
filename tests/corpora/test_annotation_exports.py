"""Exports of Label Studio and doccano: which rows they are, and what their offsets count."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.readers.files import files
from harness.values.errors import CorpusError
from harness.values.labels import STANCE, LabelSet
from harness.values.tables import Corpus
from tests.corpora.messages import Messages

SAFFRON, LEAGUE = "Saffron Party", "Harbour League"
TEXTS = ("🎉🎉 Bakers thanked Saffron Party and sued Harbour League.", "👩🏽‍🌾 Farmers left Saffron Party.")
# Text, party, stance.
GOLD = [
    (TEXTS[0], SAFFRON, "supportive"),
    (TEXTS[0], LEAGUE, "critical"),
    (TEXTS[1], SAFFRON, "critical"),
]


@pytest.fixture(autouse=True)
def _beside_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def characters(text: str) -> int:
    return len(text)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def clusters(text: str) -> int:
    import regex

    return len(regex.findall(r"\X", text))


Count = Callable[[str], int]


def span(text: str, party: str, count: Count) -> tuple[int, int]:
    start = text.index(party)
    return count(text[:start]), count(text[:start]) + count(party)


def marked(count: Count) -> Mapping[str, Sequence[tuple[int, int, str, str]]]:
    """Text → its spans, with label and party."""
    return {
        text: [(*span(text, party, count), stance, party) for of, party, stance in GOLD if of == text]
        for text in TEXTS
    }


def doccano(count: Count) -> str:
    rows = [
        {"id": n, "text": text, "outlet": "Quay", "label": [list(each[:3]) for each in spans], "Comments": []}
        for n, (text, spans) in enumerate(marked(count).items())
    ]
    return write("export.jsonl", rows)


def doccano_relations(count: Count) -> str:
    rows = [
        {
            "id": n,
            "text": text,
            "entities": [
                {"id": k, "label": each[2], "start_offset": each[0], "end_offset": each[1]}
                for k, each in enumerate(spans)
            ],
            "relations": [],
        }
        for n, (text, spans) in enumerate(marked(count).items())
    ]
    return write("export.jsonl", rows)


def label_studio(count: Count, *, reads: bool = True, **annotation: Any) -> str:
    tasks = [
        {
            "id": n,
            "data": {"text": text, "outlet": "Quay"},
            "annotations": [
                {
                    "completed_by": 7,
                    "was_cancelled": False,
                    "result": [
                        {
                            "id": str(k),
                            "from_name": "label",
                            "to_name": "text",
                            "type": "labels",
                            "value": {"start": start, "end": end, "labels": [stance]}
                            | ({"text": party} if reads else {}),
                        }
                        for k, (start, end, stance, party) in enumerate(spans)
                    ],
                    **annotation,
                }
            ],
            "predictions": [],
        }
        for n, (text, spans) in enumerate(marked(count).items())
    ]
    return write("export.json", tasks)


def label_studio_unread(count: Count) -> str:
    return label_studio(count, reads=False)


def _min(count: Count) -> list[dict[str, Any]]:
    return [
        {
            "text": text,
            "outlet": "Quay",
            "id": n,
            "label": [{"start": a, "end": b, "text": party, "labels": [s]} for a, b, s, party in spans],
            "annotator": 7,
            "annotation_id": n,
            "lead_time": 2.5,
        }
        for n, (text, spans) in enumerate(marked(count).items())
    ]


def label_studio_min(count: Count) -> str:
    return write("export.json", _min(count))


def label_studio_csv(count: Count) -> str:
    rows = [{**row, "label": json.dumps(row["label"])} for row in _min(count)]
    with Path("export.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return "export.csv"


def write(name: str, rows: Sequence[Any]) -> str:
    text = "".join(json.dumps(row) + "\n" for row in rows) if name.endswith("l") else json.dumps(rows)
    Path(name).write_text(text, encoding="utf-8")
    return name


def load(path: str, labels: LabelSet = STANCE, **options: Any) -> Corpus:
    options = {"columns": {"stance": "label"}} | options
    return files(path=Path(path), labels=labels, **options)


def gold(corpus: Corpus) -> list[tuple[str, str, str]]:
    rows = corpus.rows
    spans = [row.text[row.start : row.end] for row in rows.itertuples()]
    assert spans == rows["target"].tolist()
    return list(zip(rows["text"], rows["target"], rows["stance"], strict=True))


@pytest.mark.parametrize("count", [characters, units, clusters])
@pytest.mark.parametrize(
    "export",
    [doccano, doccano_relations, label_studio, label_studio_unread, label_studio_min, label_studio_csv],
)
def test_every_export_gives_the_same_rows_whatever_it_counts(
    export: Callable[[Count], str], count: Count
) -> None:
    corpus = load(export(count))
    assert gold(corpus) == GOLD
    converted = [note for note in corpus.notes if "converted" in note]
    assert len(converted) == (count is not characters)


def test_what_was_converted_is_said(messages: Messages) -> None:
    messages("\n".join((*load(doccano(units)).notes, *load(doccano(clusters)).notes)))


def test_rows_know_their_text_and_their_outlet() -> None:
    rows = load(label_studio(units)).rows
    assert rows["outlet"].tolist() == ["Quay"] * 3
    # Of a text with one span nobody knows to what it belongs.
    assert rows["group"].tolist()[:2] == ["0", "0"]
    assert rows["id"].is_unique


def test_skipped_and_unmarked_texts_are_counted_and_left_out(messages: Messages) -> None:
    path = label_studio(characters)
    tasks = json.loads(Path(path).read_text(encoding="utf-8"))
    tasks[1]["annotations"][0]["was_cancelled"] = True
    tasks.append({"id": 9, "data": {"text": "It rained."}, "annotations": [{"result": []}]})
    corpus = load(write("export.json", tasks))
    assert gold(corpus) == GOLD[:2]
    messages("\n".join(corpus.notes))


def test_controls_of_a_span_and_of_a_text_are_columns() -> None:
    path = label_studio(characters)
    tasks = json.loads(Path(path).read_text(encoding="utf-8"))
    for task in tasks:
        result = task["annotations"][0]["result"]
        for each in list(result):
            (stance,) = each["value"]["labels"]
            each["value"]["labels"] = ["party"]
            choice = {key: value for key, value in each["value"].items() if key != "labels"}
            result.append(
                {**each, "from_name": "side", "type": "choices", "value": choice | {"choices": [stance]}}
            )
        result.append(
            {"from_name": "tone", "to_name": "text", "type": "choices", "value": {"choices": ["dry"]}}
        )
    corpus = load(write("export.json", tasks), columns={"stance": "side"})
    assert gold(corpus) == GOLD
    assert set(corpus.rows["tone"]) == {"dry"}
    assert set(corpus.rows["label"]) == {"party"}


def test_two_annotators_vote() -> None:
    path = label_studio(characters)
    tasks = json.loads(Path(path).read_text(encoding="utf-8"))
    for task in tasks:
        second = json.loads(json.dumps(task["annotations"][0])) | {
            "completed_by": {"email": "b@quay.example"}
        }
        task["annotations"].append(second)
    corpus = load(write("export.json", tasks), columns={"stance": "label", "annotator": "annotator"})
    assert gold(corpus) == GOLD
    assert corpus.rows["votes"].tolist() == [(stance, stance) for *_, stance in GOLD]


def test_a_span_after_line_breaks_of_two_characters_is_found() -> None:
    text = "It rained.\r\nVoters thanked Saffron Party."
    start = text.index(SAFFRON) - 1
    value = {"start": start, "end": start + len(SAFFRON), "text": SAFFRON, "labels": ["supportive"]}
    corpus = load(write("export.json", [{"text": text, "label": [value], "id": 1}]))
    assert gold(corpus) == [(text, SAFFRON, "supportive")]


def test_a_span_that_cannot_be_told_is_refused(messages: Messages) -> None:
    path = label_studio(characters)
    tasks = json.loads(Path(path).read_text(encoding="utf-8"))
    tasks[1]["annotations"][0]["result"][0]["value"] |= {"start": 900, "end": 913, "text": "Saffron Pary"}
    with pytest.raises(CorpusError) as caught:
        load(write("export.json", tasks))
    messages(caught.value)
    assert gold(load("export.json", skip_bad=Path("bad.csv"))) == GOLD[:2]


def test_the_only_category_of_a_text_is_its_label() -> None:
    rows = [{"id": n, "text": text, "label": [stance]} for n, (text, _, stance) in enumerate(GOLD)]
    corpus = load(write("export.jsonl", rows), target=SAFFRON)
    assert corpus.rows["stance"].tolist() == [stance for *_, stance in GOLD]


def test_a_list_of_objects_is_a_table_like_any_other(messages: Messages) -> None:
    rows = [{"text": text, "target": party, "stance": stance} for text, party, stance in GOLD]
    assert load(write("rows.json", rows), columns={}).rows["stance"].tolist() == [
        stance for *_, stance in GOLD
    ]
    Path("none.json").write_text('{"text": "It rained."}', encoding="utf-8")
    Path("cut.json").write_text('[{"text": "It rained."', encoding="utf-8")
    errors = []
    for name in ("none.json", "cut.json", write("mixed.json", [{"text": "a"}, 3])):
        with pytest.raises(CorpusError) as caught:
            load(name)
        errors.append(str(caught.value))
    messages("\n".join(errors))
