"""Files of votes: what is written and read again is the same votes, whatever is in them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from harness.corpora.tabular import FileTable
from harness.explorer.labelling.agreement import by_row, disagreements, own_settlings
from harness.explorer.labelling.desk import LabelDesk
from harness.explorer.labelling.row_files import TaskOptions, read_task, task_of
from harness.explorer.labelling.task import LabelTask
from harness.explorer.labelling.vote_files import VoteFormat, corpus_lines, read_votes, write_votes
from harness.explorer.labelling.vote_intake import TakenIn, take_in
from harness.explorer.labelling.vote_log import Press, Vote, VoteLog, presses_for
from harness.values.errors import CorpusError, OutputError
from harness.values.labels import FRAMING, STANCE, Task
from tests.explorer.labelling.small_tasks import small_task, vote

OPTIONS = TaskOptions("small", ("stance", "frames"))
HOSTILE = (
    "=1+1", "'\\=1", "a,b;\"c\"", "two\nlines", "one\rline", "a|b", " spaces ", "none", "🙂\u202e",
    "<script>", "{{ x }}", "\u2028", "null", "-1",
)  # fmt: skip
WAYS: list[tuple[str, VoteFormat]] = [
    ("votes.csv", "table"), ("votes.jsonl", "table"),
    ("votes.json", "label-studio"), ("votes.jsonl", "argilla"), ("votes.json", "argilla"),
    ("votes.jsonl", "potato"),
]  # fmt: skip


def hostile_task() -> LabelTask:
    cells = {
        "id": [f"s{number}" for number in range(len(HOSTILE))],
        "pi": ["0.25"] * len(HOSTILE),
        "stratum": ["all"] * len(HOSTILE),
        "text": [f"{text} Saffron Party" for text in HOSTILE],
        "target": ["Saffron Party"] * len(HOSTILE),
        "note": list(HOSTILE),
        "gold": [""] * len(HOSTILE),
    }
    return task_of(FileTable(cells, [f"row {k}" for k in range(len(HOSTILE))], "small"), OPTIONS)


def voted_desk(folder: Path) -> LabelDesk:
    desk = LabelDesk(hostile_task(), VoteLog(folder / "first.db"))
    for number, key in enumerate(desk.task.by_key):
        text = HOSTILE[number]
        vote(desk.log, "Ada", key, "stance", ("critical", "neutral")[number % 2])
        vote(desk.log, "Ada", key, "frames", "conflict|morality" if number % 3 else "")
        vote(desk.log, text.strip() or "Cy", key, "holder", text)
        vote(desk.log, "settled by Ben", key, "comment", text)
        vote(desk.log, "Ben", key, *(("stance", "critical") if number % 2 else ("skip", "1")))
        if number % 4 == 1:
            vote(desk.log, "Dora", key, "looked", "1", "settle")
            vote(desk.log, "Dora", key, "stance", "supportive", "settle")
    return desk


@pytest.mark.parametrize(("name", "form"), WAYS, ids=[form + name[5:] for name, form in WAYS])
def test_votes_survive_the_way_out_and_in(tmp_path: Path, name: str, form: VoteFormat) -> None:
    desk = voted_desk(tmp_path)
    write_votes(tmp_path / name, desk.task, desk.log.votes(), form)
    votes = read_votes(tmp_path / name, desk.task)
    other = LabelDesk(desk.task, VoteLog(tmp_path / "other.db"))
    # Annotators of the screen have names without line ends and control characters; files may have others.
    for each in votes:
        other.log.record_all(presses_for(each))
    key = lambda each: (each.item, each.annotator, each.role)  # noqa: E731
    assert sorted(other.log.votes(), key=key) == sorted(desk.log.votes(), key=key)
    second = tmp_path / f"again-{name}"
    write_votes(second, desk.task, other.log.votes(), form)
    assert second.read_bytes() == (tmp_path / name).read_bytes()


def test_columns_of_the_file_stay_and_gold_is_filled(tmp_path: Path) -> None:
    desk = LabelDesk(hostile_task(), VoteLog(tmp_path / "votes.db"))
    first, second, *_ = desk.task.by_key
    for name, label in (("Ada", "critical"), ("Ben", "critical"), ("Cy", "neutral")):
        vote(desk.log, name, first, "stance", label)
    vote(desk.log, "Ada", second, "stance", "critical")
    vote(desk.log, "Ben", second, "stance", "neutral")
    write_votes(tmp_path / "votes.csv", desk.task, desk.log.votes())
    with (tmp_path / "votes.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0])[:7] == ["id", "pi", "stratum", "text", "target", "note", "gold"]
    assert {(row["pi"], row["stratum"]) for row in rows} == {("0.25", "all")}
    # A majority; a tie, which somebody has to settle; nothing where nobody voted.
    assert [row["gold"] for row in rows[:3]] == ["critical", "", ""]
    vote(desk.log, "Dora", second, "stance", "neutral", "settle")
    write_votes(tmp_path / "votes.jsonl", desk.task, desk.log.votes())
    settled = json.loads((tmp_path / "votes.jsonl").read_text().splitlines()[1])
    columns = ("gold", "stance by Ada", "stance settled by Dora")
    assert tuple(settled[name] for name in columns) == (
        "neutral", "critical", "neutral",
    )  # fmt: skip


def test_a_file_of_votes_is_a_corpus_with_votes(tmp_path: Path) -> None:
    from harness.corpora.readers.files import files

    desk = LabelDesk(small_task(), VoteLog(tmp_path / "votes.db"))
    for number, key in enumerate(desk.task.by_key):
        vote(desk.log, "Ada", key, "stance", ("critical", "neutral", "supportive")[number % 3])
        vote(desk.log, "Ben", key, "stance", ("critical", "neutral")[number % 2])
    write_votes(tmp_path / "votes.csv", desk.task, desk.log.votes())
    columns = {"votes": ["stance by Ada", "stance by Ben"]}
    corpus = files(path=tmp_path / "votes.csv", columns=columns)
    assert corpus.rows["votes"].iloc[0] == ("critical", "critical")
    assert sorted(set(corpus.rows["stance"].dropna())) == ["critical", "neutral"]


@pytest.mark.parametrize("task", ["stance", "framing"])
def test_the_printed_lines_read_the_votes_on_both_questions(tmp_path: Path, task: Task) -> None:
    from harness.corpora.readers.files import files

    desk = LabelDesk(small_task(3, ("stance", "frames")), VoteLog(tmp_path / "votes.db"))
    for number, key in enumerate(desk.task.by_key):
        for name, frames in (("Ada", "conflict"), ("Ben: B.", "conflict|morality"), ("Zoë", "")):
            vote(desk.log, name, key, "stance", ("critical", "neutral")[number % 2])
            vote(desk.log, name, key, "frames", frames)
    # Whoever answered nothing has no column.
    vote(desk.log, "Cy", key, "skip", "1")
    votes = desk.log.votes()
    write_votes(tmp_path / "votes.csv", desk.task, votes)
    lines = corpus_lines(tmp_path / "votes.csv", desk.task, votes)
    options = YAML(typ="safe").load("\n".join(lines))["corpus"]
    assert options.pop("kind") == "files"
    options["columns"] = {k: tuple(v) if isinstance(v, list) else v for k, v in options["columns"].items()}
    labels = STANCE if task == "stance" else FRAMING
    rows = files(**options | {"path": tmp_path / options["path"]}, labels=labels, task=task).rows
    assert rows["frames"].tolist() == [("conflict",)] * 3
    assert rows["frames_votes"].tolist() == [(("conflict",), ("conflict", "morality"), ())] * 3
    assert rows["votes"].tolist()[0] == ("critical",) * 3
    assert corpus_lines(tmp_path / "votes.csv", desk.task, votes[:1]) == []


def test_votes_are_taken_in_once_and_the_log_wins(tmp_path: Path) -> None:
    desk = LabelDesk(small_task(), VoteLog(tmp_path / "votes.db"))
    for key in desk.task.by_key:
        vote(desk.log, "Ada", key, "stance", "critical")
    write_votes(tmp_path / "votes.csv", desk.task, desk.log.votes())
    votes = read_votes(tmp_path / "votes.csv", desk.task)
    other = LabelDesk(small_task(10), VoteLog(tmp_path / "other.db"))
    first = next(iter(other.task.by_key))
    vote(other.log, "Ada", first, "stance", "neutral")
    assert take_in(other, votes) == TakenIn(9, 1, 10)
    assert take_in(other, votes) == TakenIn(0, 10, 10)
    assert {each.stance for each in other.log.votes() if each.item == first} == {"neutral"}


def test_spellings_of_a_name_give_one_vote(tmp_path: Path) -> None:
    desk = LabelDesk(small_task(2), VoteLog(tmp_path / "votes.db"))
    first, second = desk.task.by_key
    given = [Vote(first, "ada", stance="critical"), Vote(first, "Ada ", stance="neutral")]
    assert take_in(desk, [*given, Vote(second, "ADA", stance="neutral")]) == TakenIn(2, 1, 0)
    assert take_in(desk, given) == TakenIn(0, 2, 0)
    expected = [("ada", "critical"), ("ada", "neutral")]
    assert [(each.annotator, each.stance) for each in desk.log.votes()] == expected


@pytest.mark.parametrize(("name", "form"), WAYS, ids=[form + name[5:] for name, form in WAYS])
@pytest.mark.parametrize("voted_in", ["log", "file"])
def test_who_voted_on_a_row_settles_it_by_no_file(
    tmp_path: Path, name: str, form: VoteFormat, voted_in: str
) -> None:
    # Somebody else's log: there Ada settled, and had not voted.
    elsewhere = LabelDesk(small_task(2), VoteLog(tmp_path / "elsewhere.db"))
    first, second = elsewhere.task.by_key
    for key in (first, second):
        vote(elsewhere.log, "Ben", key, "stance", "critical")
        vote(elsewhere.log, "Cy", key, "stance", "neutral")
        vote(elsewhere.log, "Ada", key, "stance", "supportive", "settle")
    write_votes(tmp_path / name, elsewhere.task, elsewhere.log.votes(), form)
    desk = LabelDesk(small_task(2), VoteLog(tmp_path / "votes.db"))
    given = Vote(first, " ADA", stance="critical")
    if voted_in == "log":
        vote(desk.log, given.annotator, first, "stance", given.stance)
    votes = read_votes(tmp_path / name, desk.task) + ([given] if voted_in == "file" else [])
    assert take_in(desk, votes) == TakenIn(5 + (voted_in == "file"), by_voters=1)
    rows = by_row(desk.task, desk.log.votes())
    assert [row.is_settled("stance") for row in rows.values()] == [False, True]
    assert disagreements(desk.task, rows) == [first]


def test_who_saw_the_votes_on_a_row_votes_on_it_by_no_file(tmp_path: Path) -> None:
    desk = LabelDesk(small_task(2), VoteLog(tmp_path / "votes.db"))
    first, second = desk.task.by_key
    desk.note_votes_seen("Ada", first)
    given = [Vote(key, "ada", stance="critical") for key in (first, second)]
    assert take_in(desk, given) == TakenIn(1, after_seeing=1)
    assert [each.item for each in desk.log.votes()] == [second]


def test_a_word_of_somebody_who_voted_settles_nothing() -> None:
    task = small_task(1)
    (key,) = task.by_key
    votes = [Vote(key, "Ada", stance="critical"), Vote(key, "Ben", stance="neutral")]
    third = Vote(key, "Cy", "settle", stance="neutral", at="2026-05-01")
    own = Vote(key, "ada ", "settle", stance="critical", at="2026-05-02")
    assert by_row(task, [*votes, own])[key].settled is None
    assert by_row(task, [*votes, third, own])[key].settled == third
    assert own_settlings([*votes, third, own]) == [own]


@pytest.mark.parametrize(("name", "form"), WAYS, ids=[form + name[5:] for name, form in WAYS])
def test_no_file_says_of_who_settled_that_they_saw_the_model(
    tmp_path: Path, name: str, form: VoteFormat
) -> None:
    desk = voted_desk(tmp_path)
    vote(desk.log, "Ada", next(iter(desk.task.by_key)), "looked", "model")
    # As files of before said it.
    votes = [replace(each, looked=each.looked or each.role == "settle") for each in desk.log.votes()]
    assert any(each.looked and each.role == "settle" for each in votes)
    write_votes(tmp_path / name, desk.task, votes, form)
    read = read_votes(tmp_path / name, desk.task)
    assert {(each.annotator, each.role) for each in read if each.looked} == {("Ada", "vote")}
    write_votes(tmp_path / "votes.csv", desk.task, desk.log.votes())
    header = (tmp_path / "votes.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert ("looked by" in header, "looked settled" in header) == (True, False)


def test_a_vote_that_cannot_be_used_stops_the_file(tmp_path: Path) -> None:
    desk = LabelDesk(small_task(), VoteLog(tmp_path / "votes.db"))
    key = next(iter(desk.task.by_key))
    desk.log.record(Press("p", "Ada", key, "stance", "hostile"))
    write_votes(tmp_path / "votes.csv", desk.task, desk.log.votes())
    other = LabelDesk(small_task(), VoteLog(tmp_path / "other.db"))
    with pytest.raises(CorpusError):
        take_in(other, read_votes(tmp_path / "votes.csv", other.task))
    assert other.log.votes() == []


def test_an_ending_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_votes(tmp_path / "votes.csv", small_task(), [], "label-studio")


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"annotations": []}]', "[{", '[{"data": 1}]'])
def test_a_damaged_file_of_a_platform_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "votes.json"
    path.write_text(text)
    with pytest.raises(CorpusError):
        read_votes(path, hostile_task())


def test_rows_keep_their_votes_when_their_file_changes(tmp_path: Path) -> None:
    rows = ["id,text,target", "a,Saffron Party won.,Saffron Party", "b,Saffron Party lost.,Saffron Party"]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(rows))
    before = read_task(path, TaskOptions("rows")).by_key
    # Sorted otherwise, with semicolons, a new row and a new column: as a spreadsheet program may leave it.
    others = ["id;text;target;seen", *(row.replace(",", ";") + ";x" for row in (rows[2], rows[1]))]
    path.write_text("\n".join([*others, "c;New Compass won.;New Compass;"]))
    after = read_task(path, TaskOptions("rows")).by_key
    assert {key: item.text for key, item in before.items()}.items() <= {
        key: item.text for key, item in after.items()
    }.items()
