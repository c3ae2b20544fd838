"""Files as annotation platforms export them, of sentences of the tests' own: whose votes they give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.tabular import FileTable
from harness.explorer.labelling.platform_records import FOREIGN
from harness.explorer.labelling.row_files import TaskOptions, task_of
from harness.explorer.labelling.task import LabelTask
from harness.explorer.labelling.vote_files import read_votes
from harness.explorer.labelling.vote_log import Vote
from harness.values.errors import CorpusError

PRAISE, BLAME = "Saffron Party built the bridge.", "Who broke the bridge? Saffron Party & nobody else."


def task() -> LabelTask:
    cells = {
        "id": ["n1", "n2", "n3"],
        "text": [PRAISE, BLAME, "New Compass voted on the bridge."],
        "target": ["Saffron Party", "Saffron Party", "New Compass"],
    }
    return task_of(FileTable(cells, ["1", "2", "3"], "news"), TaskOptions("news", ("stance", "frames")))


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def label_studio() -> str:
    """A task with two annotators, one who cancelled after choosing, and a prediction."""
    choice = {"type": "choices", "from_name": "stance", "to_name": "text"}
    common = {"was_cancelled": False, "ground_truth": False, "lead_time": 4.2, "task": 1, "result_count": 1}
    time = "2026-05-01T10:00:00.000000Z"
    annotations = [
        {**common, "id": 7, "completed_by": who, "created_at": time, "result": [result]}
        for who, result in (
            (1, {**choice, "value": {"choices": ["supportive"]}}),
            ({"id": 2, "email": "ben@example.org"}, {**choice, "value": {"choices": ["neutral"]}}),
        )
    ]
    annotations.append({**annotations[0], "id": 8, "completed_by": 3, "was_cancelled": True})
    data = {"id": "n1", "text": PRAISE, "target": "Saffron Party"}
    predictions = [{"model_version": "a", "score": 0.9, "result": annotations[0]["result"]}]
    return json.dumps([{"id": 1, "data": data, "annotations": annotations, "predictions": predictions}])


def argilla(record_id: str, text: str, responses: Any, **metadata: Any) -> dict[str, Any]:
    fields = {"text": text, "target": "Saffron Party"}
    return {
        "id": record_id,
        "fields": fields,
        "metadata": metadata,
        "suggestions": {"stance": {"value": "critical", "score": 0.8, "agent": "linear"}},
        "responses": responses,
        "vectors": {},
        "_server_id": "5d0b",
    }


NESTED = {
    "stance": [{"value": "supportive", "user_id": "u-1"}, {"value": "neutral", "user_id": "u-2"}],
    "frames": [{"value": ["morality", "conflict"], "user_id": "u-2"}],
}
FLAT = {
    "id": "n1", "status": "completed", "_server_id": "5d0b", "text": PRAISE, "target": "Saffron Party",
    "stance.responses": ["supportive", "neutral", "critical"],
    "stance.responses.users": ["u-1", "u-2", "u-3"],
    "stance.responses.status": ["submitted", "submitted", "draft"],
    "frames.responses": [["morality", "conflict"]], "frames.responses.users": ["u-2"],
    "frames.responses.status": ["submitted"],
    "stance.suggestion": "critical", "stance.suggestion.score": None, "stance.suggestion.agent": None,
}  # fmt: skip
OF_SERVER = [
    {"user_id": "u-1", "status": "submitted", "values": {"stance": {"value": "supportive"}}},
    {
        "user_id": "u-2",
        "status": "submitted",
        "values": {"stance": {"value": "neutral"}, "frames": {"value": ["morality", "conflict"]}},
    },
    {"user_id": "u-3", "status": "draft", "values": {"stance": {"value": "critical"}}},
]


def potato(name: str, text: str, labels: dict[str, Any], **user: str) -> dict[str, Any]:
    """A line of Potato 1.x; in the file of an annotator's own folder the row is ``id``."""
    return {
        **user,
        ("instance_id" if user else "id"): name,
        "displayed_text": text,
        "label_annotations": labels,
        "span_annotations": {},
        "behavioral_data": {"time_string": "Time spent: 0d 0h 0m 5s "},
    }


SUPPORTIVE = {"stance": {"supportive": "true"}}
NEUTRAL = {"stance": {"neutral": "true"}, "frames": {"morality": "1", "conflict": "2"}}
OF_BOTH = lines(potato("n1", PRAISE, SUPPORTIVE, user_id="u-1"), potato("n1", PRAISE, NEUTRAL, user_id="u-2"))
OF_POTATO_2 = lines(
    {"instance_id": "n1", "user_id": "u-1", "labels": {"stance": {"supportive": True}}, "spans": {}},
    {
        "instance_id": "n1", "user_id": "u-2", "spans": {}, "links": {},
        "labels": {
            "stance": {"neutral": "neutral"}, "frames": {"morality": True, "conflict": True, "health": False},
        },
    },
)  # fmt: skip


def read(folder: Path, name: str, text: str) -> list[Vote]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return read_votes(path, task())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("records.json", json.dumps([argilla("n1", PRAISE, NESTED)])),
        ("records.jsonl", lines(argilla("n1", PRAISE, NESTED))),
        ("dataset.jsonl", lines(FLAT)),
        ("server.jsonl", lines(argilla("n1", PRAISE, OF_SERVER))),
        ("annotated_instances.jsonl", OF_BOTH),
        ("annotations.jsonl", OF_POTATO_2),
    ],
)
def test_two_people_on_one_row(tmp_path: Path, name: str, text: str) -> None:
    first, second = read(tmp_path, name, text)
    key = next(iter(task().by_key))
    assert (first.item, first.annotator, first.stance, first.frames) == (key, "u-1", "supportive", None)
    assert (second.item, second.annotator, second.stance) == (key, "u-2", "neutral")
    assert sorted(second.frames or ()) == ["conflict", "morality"]


def test_a_task_of_label_studio(tmp_path: Path) -> None:
    first, second, cancelled = read(tmp_path, "export.json", label_studio())
    assert [vote.annotator for vote in (first, second)] == ["1", "ben@example.org"]
    assert [vote.stance for vote in (first, second)] == ["supportive", "neutral"]
    # What somebody chose before they skipped the row is no vote.
    assert (cancelled.skipped, cancelled.stance) == (True, "")


def test_the_folder_names_an_annotator_of_potato(tmp_path: Path) -> None:
    (vote,) = read(tmp_path, "cy@example.org/annotated_instances.jsonl", lines(potato("n1", PRAISE, NEUTRAL)))
    assert (vote.annotator, vote.stance) == ("cy@example.org", "neutral")


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("n2", BLAME, 1),  # by its id
        ("17", BLAME, 1),  # by its text alone
        ("17", BLAME.replace(" ", "<br>\n", 1).replace("&", "&amp;"), 1),  # as the platform shows it
        ("n2", "Another sentence.", None),  # the id of another file's row
        ("17", "Another sentence.", None),
    ],
)
def test_a_record_joins_the_row_that_it_is_about(
    tmp_path: Path, name: str, text: str, number: int | None
) -> None:
    (vote,) = read(tmp_path, "votes.jsonl", lines(potato(name, text, SUPPORTIVE, user_id="Ada")))
    keys = list(task().by_key)
    assert vote.item == keys[number] if number is not None else vote.item.startswith(FOREIGN)


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("a.jsonl", lines(potato("n1", PRAISE, {"sentiment": {"good": "true"}}, user_id="A")), "sentiment"),
        (
            "b.json",
            json.dumps([argilla("n1", PRAISE, {"quality": [{"value": 1, "user_id": "u"}]})]),
            "quality",
        ),
        ("c.jsonl", OF_BOTH + "{half a line\n", "c.jsonl:3"),
        ("d.jsonl", lines({"fields": [], "responses": [{"values": 1}]}), "record"),
        ("e.json", json.dumps([{"name": "no record"}]), "record"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, name: str, text: str, word: str) -> None:
    with pytest.raises(CorpusError) as refused:
        read(tmp_path, name, text)
    (problem,) = refused.value.problems
    assert word in f"{problem.where} {problem.what}"
